// The time, as something that is handed in: services never ask the machine themselves, so that
// tests and simulations decide what time it is.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>

namespace pidge {

// Wall time in UTC, to the microsecond. It can step in both directions.
using WallTime = std::chrono::sys_time<std::chrono::microseconds>;
// Monotonic time since an unspecified start; for deadlines and ages within one run.
using SteadyTime = std::chrono::steady_clock::time_point;

class Clock {
 public:
    virtual ~Clock() = default;
    virtual WallTime now() const = 0;
    virtual SteadyTime steady() const = 0;

    std::int64_t unix_ms() const {
        return std::chrono::duration_cast<std::chrono::milliseconds>(now().time_since_epoch())
            .count();
    }
};

// The machine's clock. Thread-safe; lives for ever.
const Clock& system_clock();

// A clock that moves only when told to. Thread-safe.
class ManualClock final : public Clock {
 public:
    explicit ManualClock(WallTime start) : wall_us_(start.time_since_epoch().count()) {}

    WallTime now() const override { return WallTime(std::chrono::microseconds(wall_us_.load())); }
    SteadyTime steady() const override {
        return SteadyTime(std::chrono::microseconds(steady_us_.load()));
    }
    void advance(std::chrono::microseconds by) {
        wall_us_ += by.count();
        steady_us_ += by.count();
    }
    void step_wall(std::chrono::microseconds by) { wall_us_ += by.count(); }

 private:
    std::atomic<std::int64_t> wall_us_;
    std::atomic<std::int64_t> steady_us_{1'000'000'000};
};

}  // namespace pidge
