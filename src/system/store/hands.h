// Hands: who does what a store does beside its callers: commits, reads that may wait for the disk,
// upkeep. A store of its own accord has threads for these. A simulation lends it hands instead;
// then all of it happens in the simulation's one thread, in the order that the simulation draws.
#pragma once

#include <cstdint>
#include <functional>

namespace pidge::store {

class Hands {
 public:
    enum class Work : std::uint8_t { commit, read, upkeep };

    virtual ~Hands() = default;
    // Calls `job` once, now or later, but before the store goes; only `upkeep` may be left undone
    // then. `job` does not throw, and may ask for more.
    virtual void take(Work work, std::move_only_function<void()> job) = 0;
};

}  // namespace pidge::store
