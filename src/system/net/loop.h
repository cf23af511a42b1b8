// Loop: one event loop. A coroutine, and every stream it uses, lives on one loop for life; all
// functions of the objects of a loop are called on its thread, except where a header says "any
// thread".
//
// Time belongs to the loop: now(), timers and stream deadlines all follow it, so that a loop with
// simulated time runs hours of deadlines in no time and always in the same order.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>

#include "base/clock.h"

namespace pidge::net {

enum class TimeSource : std::uint8_t {
    machine,
    // Time stands still while anything can run, then jumps to the next timer. For tests and
    // simulations of in-memory streams; a loop that waits for other threads or real sockets would
    // jump past them.
    simulated,
};

class Loop {
 public:
    explicit Loop(TimeSource time = TimeSource::machine);
    // Interrupts what is still running and lets it unwind, unless the loop was closed before.
    // Coroutines that do not end in time (limits.h) are left behind in memory, because what they
    // wait for still refers to them. The thread of run_until() has left.
    ~Loop();
    Loop(const Loop&) = delete;
    Loop& operator=(const Loop&) = delete;

    // Runs until `done` is true; it is looked at after each step. Only on the thread that is to own
    // the loop.
    void run_until(const std::atomic<bool>& done);

    // Runs `work` on this loop soon, after what is running now. Any thread. `work` must not throw.
    void post(std::move_only_function<void()> work);

    SteadyTime now() const;

    // Every wait on this loop throws Gone(shutdown), now and from now on. Any thread.
    void interrupt();
    bool is_interrupted() const { return interrupted_.load(std::memory_order_relaxed); }

    // From now on nothing runs here, whatever still comes for it: what coroutines that have not
    // ended refer to may go. The thread of run_until() has left.
    void close();

    // Coroutines that were spawned here and have not ended. Any thread.
    std::size_t live() const { return live_.load(std::memory_order_relaxed); }

    struct Inside;  // loop_inside.h, for system/net only
    Inside& inside() { return *inside_; }

 private:
    friend struct Inside;
    void interrupt_waits();
    void unwind();

    std::atomic<bool> interrupted_ = false;
    std::atomic<std::size_t> live_ = 0;
    std::unique_ptr<Inside> inside_;
};

// The loop that the caller runs on. A coroutine may ask at any time.
Loop& this_loop();
bool is_on_loop();

}  // namespace pidge::net
