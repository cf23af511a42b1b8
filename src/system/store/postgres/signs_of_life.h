// SignsOfLife: what a node can know of its leases and of those of others from when the database
// answered its beats. A database that is away hears nobody: everybody looks dead to it when it is
// back. So only he takes over from the silent who has been heard without a gap for as long as they
// were silent. Internal to the engine; thread-safe.
#pragma once

#include <chrono>
#include <mutex>

#include "base/clock.h"

namespace pidge::store::postgres {

class SignsOfLife {
 public:
    // A beat that began then was answered just now.
    void heard(SteadyTime begun, SteadyTime now);
    // Whether leases asked for at that time cannot have passed to others.
    bool keeps(SteadyTime leased, SteadyTime now) const;
    // Whether those who seem dead are: we were heard for so long while they were not.
    bool may_take_over(SteadyTime now, std::chrono::milliseconds heard_for) const;

 private:
    mutable std::mutex mutex_;
    SteadyTime last_;         // the beginning of the last beat that was answered
    SteadyTime kept_since_;   // no gap since was so long that others might have taken over
    SteadyTime heard_since_;  // no gap since was longer than a beat or two
};

}  // namespace pidge::store::postgres
