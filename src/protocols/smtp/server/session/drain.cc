#include "protocols/smtp/server/session/drain.h"

#include "base/check.h"

namespace pidge::smtp {

Drain::~Drain() {
    check(waiting_ == nullptr, "a Drain outlives its sessions");
}

void Drain::start() {
    is_started_ = true;
    for (Waiting* waiting = waiting_; waiting != nullptr; waiting = waiting->next_)
        waiting->stream_.set_deadline(std::chrono::milliseconds(0));
}

Drain::Waiting::Waiting(Drain* drain, net::Stream& stream) : stream_(stream) {
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
