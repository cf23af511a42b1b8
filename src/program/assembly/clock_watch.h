// ClockWatch: notices that the wall clock was set, by comparing it with the steady one [J10, C10].
// One thread.
#pragma once

#include <chrono>

#include "base/clock.h"

namespace pidge::program {

// What a time service corrects little by little is no step.
inline constexpr std::chrono::milliseconds clock_step_least{1000};

class ClockWatch {
 public:
    explicit ClockWatch(const Clock& clock)
        : clock_(clock), wall_(clock.now()), steady_(clock.steady()) {}

    // By how much the clock has been set since the last call; 0: not.
    std::chrono::milliseconds step() {
        using std::chrono::duration_cast;
        using std::chrono::milliseconds;
        const WallTime wall = clock_.now();
        const SteadyTime steady = clock_.steady();
        const auto by = duration_cast<milliseconds>(wall - wall_) -
                        duration_cast<milliseconds>(steady - steady_);
        wall_ = wall;
        steady_ = steady;
        return std::chrono::abs(by) < clock_step_least ? milliseconds(0) : by;
    }

 private:
    const Clock& clock_;
    WallTime wall_;
    SteadyTime steady_;
};

}  // namespace pidge::program
