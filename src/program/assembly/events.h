// What the program as a whole writes to the log.
#pragma once

#include "base/log.h"

namespace pidge::program {

inline constexpr log::Event listening{"listening", log::Level::info,
                                      "A listener takes connections.", ""};
inline constexpr log::Event clock_stepped{
    "clock-stepped", log::Level::warning, "The machine's clock was set by more than a second.",
    "Check the time service; dates in messages are as right as the clock."};
inline constexpr log::Event draining{
    "draining", log::Level::info,
    "The program ends: no new connections, what is under way is finished.", ""};
inline constexpr log::Event drained{
    "drained", log::Level::info,
    "Everything has ended; with the number of sessions that had to be cut.", ""};
inline constexpr log::Event stop_unrecorded{
    "stop-unrecorded", log::Level::warning,
    "The end of the program could not be written to the audit trail.",
    "Nothing that was acknowledged is affected; look at the store errors before this one."};

}  // namespace pidge::program
