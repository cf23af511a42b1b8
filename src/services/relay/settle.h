// settle: commits what came of attempts. Internal to this folder.
#pragma once

#include <vector>

#include "services/relay/core.h"

namespace pidge::relay {

struct Settling {
    Job job;
    Told told;
};

// One commit each. Returns when it is durable, or the lease was lost, or the store is gone for
// good; the entry is then due again when its lease ends.
net::Task<void> settle(RelayCore& core, Settling settling);

// The same for many, in as few commits as their size allows as long as no lease among them was
// lost.
net::Task<void> settle(RelayCore& core, std::vector<Settling> settlings,
                       store::Urgency urgency = store::Urgency::now);

}  // namespace pidge::relay
