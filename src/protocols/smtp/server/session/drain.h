// Drain: reaches the sessions of one event loop while they wait for their clients: to end them all
// at their next idle point, between transactions, with 421 4.3.2, or to give the slow ones among
// them less time. All functions on the thread of that loop.
#pragma once

#include <chrono>

#include "base/clock.h"
#include "system/net/stream.h"

namespace pidge::smtp {

class Session;

class Drain {
 public:
    Drain() = default;
    Drain(const Drain&) = delete;
    ~Drain();

    // Idle sessions are woken and end now; others when their transaction has ended. There is no way
    // back.
    void start();
    bool is_started() const { return is_started_; }

    // Where sessions find their listener crowded, what they wait for must come within the time of a
    // crowded server, counted from when they began to wait (attacks.md F14): who came while there
    // was room gets no more time than who came after.
    void hurry();

    // Held by a session while it waits for a command. Does nothing where the session has no Drain.
    class Waiting {
     public:
        explicit Waiting(Session& session);
        ~Waiting();
        Waiting(const Waiting&) = delete;

     private:
        friend class Drain;
        Session& session_;
        const SteadyTime since_;
        const SteadyTime until_;  // the deadline that the session gave itself
        Waiting* next_ = nullptr;
        Waiting** previous_ = nullptr;
    };

 private:
    bool is_started_ = false;
    Waiting* waiting_ = nullptr;
};

}  // namespace pidge::smtp
