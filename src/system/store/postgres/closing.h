// Closing: how long a store that closes still waits for its database, whatever its threads are
// about. Thread-safe.
#pragma once

#include <algorithm>
#include <atomic>
#include <chrono>

namespace pidge::store::postgres {

class Closing {
 public:
    using Time = std::chrono::steady_clock::time_point;

    // From now on for `patience`; the last call counts.
    void begin(std::chrono::milliseconds patience) {
        until_ = (std::chrono::steady_clock::now() + patience).time_since_epoch().count();
    }
    bool is_over() const { return std::chrono::steady_clock::now() >= until(); }
    // The deadline, or the end if that comes first.
    Time cap(Time deadline) const { return std::min(deadline, until()); }

 private:
    static constexpr Time::rep never = Time::max().time_since_epoch().count();
    Time until() const { return Time(Time::duration(until_.load(std::memory_order_relaxed))); }

    std::atomic<Time::rep> until_ = never;
};

}  // namespace pidge::store::postgres
