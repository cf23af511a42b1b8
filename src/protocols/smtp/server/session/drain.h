// Drain: tells the sessions of one event loop to end at their next idle point, between
// transactions, with 421 4.3.2. All functions on the thread of that loop.
#pragma once

#include <chrono>

#include "system/net/stream.h"

namespace pidge::smtp {

class Drain {
 public:
    Drain() = default;
    Drain(const Drain&) = delete;
    ~Drain();

    // Idle sessions are woken and end now; others when their transaction has ended. There is no way
    // back.
    void start();
    bool is_started() const { return is_started_; }

    // Held by a session while it waits at an idle point. `drain` may be null.
    class Waiting {
     public:
        Waiting(Drain* drain, net::Stream& stream);
        ~Waiting();
        Waiting(const Waiting&) = delete;

     private:
        friend class Drain;
        net::Stream& stream_;
        Waiting* next_ = nullptr;
        Waiting** previous_ = nullptr;
    };

 private:
    bool is_started_ = false;
    Waiting* waiting_ = nullptr;
};

}  // namespace pidge::smtp
