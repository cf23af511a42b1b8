// Timer and sleep_for: waiting for time to pass, in the time of the loop.
#pragma once

#include <chrono>
#include <functional>
#include <map>

#include "base/clock.h"
#include "system/net/task.h"

namespace pidge::net {

class Loop;

// Calls a function once, on its loop, unless cancelled or destroyed before. Used on the loop's
// thread only.
class Timer {
 public:
    Timer(Loop& loop, std::move_only_function<void()> call) : loop_(loop), call_(std::move(call)) {}
    ~Timer() { cancel(); }
    Timer(const Timer&) = delete;
    Timer& operator=(const Timer&) = delete;

    // Replaces an earlier setting. `call` must not throw and may set the timer again, but not
    // destroy it.
    void set(std::chrono::nanoseconds from_now);
    void cancel();
    bool is_set() const { return is_set_; }

 private:
    friend class Loop;

    Loop& loop_;
    std::move_only_function<void()> call_;
    bool is_set_ = false;
    std::multimap<SteadyTime, Timer*>::iterator place_;
};

Task<void> sleep_for(std::chrono::nanoseconds time);

}  // namespace pidge::net
