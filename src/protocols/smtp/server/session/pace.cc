#include "protocols/smtp/server/session/pace.h"

#include "system/net/gone.h"
#include "system/net/loop.h"

namespace pidge::smtp {

net::Task<void> Pace::fill(Channel& channel) {
    channel.stream().set_deadline(left_);
    const SteadyTime before = net::this_loop().now();
    const std::size_t buffered = channel.buffered().size();
    const bool is_open = co_await channel.fill();
    if (!is_open) throw net::Gone(net::Gone::Why::closed, "the client left within a message");
    octets_ += channel.buffered().size() - buffered;
    left_ -= std::chrono::duration_cast<std::chrono::milliseconds>(net::this_loop().now() - before);
    if (octets_ < limits::pace_octets) co_return;
    octets_ = 0;
    left_ = limits::pace_window;
}

}  // namespace pidge::smtp
