// SimulatedClock: the time of the simulated machine. It follows the event loop of the process while
// one runs, can leap ahead (the machine was idle, or off), and its wall time can be set wrong.
#pragma once

#include "base/clock.h"
#include "system/net/loop.h"

namespace pidge::simulation {

class SimulatedClock final : public Clock {
 public:
    WallTime now() const override {
        return start + step_ + std::chrono::floor<std::chrono::microseconds>(elapsed());
    }
    SteadyTime steady() const override { return SteadyTime(std::chrono::hours(10)) + elapsed(); }

    // Since the simulation began, whatever the wall says.
    std::chrono::nanoseconds elapsed() const {
        return loop_ ? gone_ + (loop_->now() - since_) : gone_;
    }
    // When that was, if the clock has never been set wrong.
    std::chrono::nanoseconds elapsed_at(WallTime time) const { return time - start; }
    void follow(const net::Loop& loop) {
        loop_ = &loop;
        since_ = loop.now();
    }
    void stop_following() {
        gone_ = elapsed();
        loop_ = nullptr;
    }
    void leap(std::chrono::nanoseconds by) { gone_ += by; }
    void step_wall(std::chrono::microseconds by) {
        step_ += by;
        ++steps_;
    }
    int steps() const { return steps_; }

 private:
    static constexpr WallTime start{std::chrono::seconds(1'795'000'000)};
    const net::Loop* loop_ = nullptr;
    SteadyTime since_{};
    std::chrono::nanoseconds gone_{0};
    std::chrono::microseconds step_{0};
    int steps_ = 0;
};

}  // namespace pidge::simulation
