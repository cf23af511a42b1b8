// Kill points: places at which a test build ends the process as a power switch would, without
// flushing anything. PIDGE_KILL=point:nth in the environment ends it with status 137 when it comes
// to `point` for the n-th time (1: first). Without the build option PIDGE_KILL_POINTS they are
// nothing.
#pragma once

#include <string_view>

namespace pidge::store {

#ifdef PIDGE_KILL_POINTS
void kill_point(std::string_view point);
// With PIDGE_FORGET_NAMES in the environment, a kill point calls that before it ends the process.
void before_kill(void (*call)());
#else
inline void kill_point(std::string_view) {}
#endif

}  // namespace pidge::store
