// What is to be done when the wall clock has gone back: entries whose next attempt was planned by a
// clock that was ahead would wait until it has caught up, and whoever asks for what is due never
// sees them behind others of their destination [C10].
#pragma once

#include "services/relay/core.h"

namespace pidge::relay {

// Whether the wall clock went back by more than a minute from one moment to a later one.
bool has_gone_back(const Now& from, const Now& to);

// Reads the whole queue, page by page, and makes due at once what queue::is_time_for() says should
// be. What somebody else changes meanwhile is left to them. Throws store::Fault.
net::Task<void> bring_forward(RelayCore& core);

}  // namespace pidge::relay
