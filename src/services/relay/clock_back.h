// What is to be done when the wall clock has gone back: entries whose next attempt was planned by a
// clock that was ahead would wait until it has caught up, and whoever asks for what is due never
// sees them behind others of their destination [C10].
#pragma once

#include "services/relay/core.h"

namespace pidge::relay {

// Makes the entry of this record of space queue due at once if queue::is_time_for() says that it
// should be; whether it did. What somebody else changes meanwhile is left to them. Throws
// store::Fault.
net::Task<bool> bring_forward(RelayCore& core, store::Item item);

}  // namespace pidge::relay
