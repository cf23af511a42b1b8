// Pace: the least speed at which a body must come in (attacks.md F14): each limits::pace_octets
// within limits::pace_window. Only the time that is spent waiting for the client counts, not what
// the backend takes.
#pragma once

#include "base/clock.h"
#include "protocols/smtp/server/session/channel.h"

namespace pidge::smtp {

class Pace {
 public:
    // Reads more into the channel; throws Gone(deadline) when the client is too slow, Gone(closed)
    // at the end of the stream: a body that breaks off is none.
    net::Task<void> fill(Channel& channel);

 private:
    std::chrono::milliseconds left_ = limits::pace_window;
    std::uint64_t octets_ = 0;
};

}  // namespace pidge::smtp
