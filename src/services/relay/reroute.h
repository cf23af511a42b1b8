// Rerouting: a route that changed while a message waits holds for it too, from its next attempt on.
// Internal to this folder.
#pragma once

#include "services/relay/core.h"

namespace pidge::relay {

// The recipients of a leased entry may go elsewhere by now (RelayParts::destination_of): the entry
// is then scheduled anew, as several where they part. False: it goes where it went, and the lease
// is still ours. Throws store::Fault.
net::Task<bool> reroute(RelayCore& core, const store::Lease& lease, const queue::Entry& entry);

}  // namespace pidge::relay
