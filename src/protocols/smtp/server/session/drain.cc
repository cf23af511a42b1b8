#include "protocols/smtp/server/session/drain.h"

#include <algorithm>

#include "base/check.h"
#include "protocols/smtp/server/session/session.h"
#include "system/net/loop.h"

namespace pidge::smtp {

Drain::~Drain() {
    check(waiting_ == nullptr, "a Drain outlives its sessions");
}

void Drain::start() {
    is_started_ = true;
    for (Waiting* waiting = waiting_; waiting != nullptr; waiting = waiting->next_)
        if (!waiting->session_.has_transaction())
            waiting->session_.channel.stream().set_deadline(std::chrono::milliseconds(0));
}

void Drain::hurry() {
    if (is_started_) return;  // whoever waits has heard already
    const SteadyTime now = net::this_loop().now();
    for (Waiting* waiting = waiting_; waiting != nullptr; waiting = waiting->next_) {
        const Session& session = waiting->session_;
        if (!session.options.is_crowded || !session.options.is_crowded()) continue;
        const SteadyTime until =
            std::min(waiting->until_, waiting->since_ + limits::command_timeout_crowded);
        waiting->session_.channel.stream().set_deadline(
            std::chrono::ceil<std::chrono::milliseconds>(std::max(until - now, {})));
    }
}

Drain::Waiting::Waiting(Session& session)
    : session_(session),
      since_(net::this_loop().now()),
      until_(since_ + session.time_for_command()) {
    Drain* const drain = session.options.drain;
    if (drain == nullptr) return;
    next_ = drain->waiting_;
    previous_ = &drain->waiting_;
    if (next_ != nullptr) next_->previous_ = &next_;
    drain->waiting_ = this;
}

Drain::Waiting::~Waiting() {
    if (previous_ == nullptr) return;
    *previous_ = next_;
    if (next_ != nullptr) next_->previous_ = previous_;
}

}  // namespace pidge::smtp
