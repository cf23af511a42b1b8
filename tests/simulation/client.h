// Client: somebody who wants to get one message accepted and tries until it is. Each try is a
// sending of its own, with recipients of its own, so that what became of it can be told from the
// others.
#pragma once

#include <memory>
#include <string>

#include "services/submission/gateway.h"
#include "simulation/world.h"

namespace pidge::simulation {

struct Client {
    int number = 0;
    std::chrono::nanoseconds next_try{0};  // as of SimulatedClock::elapsed()
    int tries = 0;
    bool is_at_it = false;
    bool is_done = false;
};

// One try. The client may be told of nothing when the process ends.
net::Task<void> submit(World& world, submission::Gateway& gateway, Client& client);

}  // namespace pidge::simulation
