#include "program/assembly/clock_watch.h"

#include <doctest/doctest.h>

using namespace pidge;
using namespace std::chrono;

TEST_CASE(
    "[C10] A clock that is set is noticed, forwards and backwards, and one that runs is not") {
    ManualClock clock{WallTime(hours(1000))};
    program::ClockWatch watch(clock);
    clock.advance(hours(3));
    CHECK(watch.step() == milliseconds(0));
    clock.advance(milliseconds(250));
    clock.step_wall(hours(-24 * 365));
    CHECK(watch.step() == hours(-24 * 365));
    CHECK(watch.step() == milliseconds(0));
    clock.step_wall(seconds(1));
    CHECK(watch.step() == seconds(1));
    clock.step_wall(milliseconds(900));
    CHECK(watch.step() == milliseconds(0));
}
