// Leadership: work that one node does for all, for example upkeep. A lease in space lease, fenced:
// what the leader writes carries a check that it leads still (guard), so that one who was frozen
// and comes back writes nothing. Never a lock of a session: those are lost unseen with the
// connection.
//
//   'h' ‖ work → holder (16) ‖ fence (8): who leads, and how often that has changed
//   'u' ‖ work → until when (8), by the store's clock
//
// One task calls keep() regularly; the rest is thread-safe.
#pragma once

#include <atomic>
#include <chrono>
#include <mutex>
#include <string>

#include "base/clock.h"
#include "system/store/store.h"

namespace pidge::nodes {

class Leadership {
 public:
    // `holder`: 16 octets, of this run of the program.
    Leadership(store::Store& store, const Clock& clock, std::string work, Bytes holder,
               std::chrono::seconds duration);

    // Takes the lead where nobody has it, renews it where we have. Whether we lead now. Call it at
    // least three times in `duration`. Throws Fault.
    net::Task<bool> keep();
    // By our own steady clock, on the safe side.
    bool leads() const;
    // The change is carried out only while the present leader leads.
    void guard(store::Change& change) const;
    net::Task<void> hand_back();

 private:
    net::Task<bool> commit(store::Change change, Bytes claim, SteadyTime begun);

    store::Store& store_;
    const Clock& clock_;
    const std::string work_;
    const Bytes holder_;
    const std::chrono::seconds duration_;
    mutable std::mutex mutex_;
    Bytes claim_;  // our row 'h' as it stands in the store; empty: we do not lead
    std::atomic<SteadyTime::rep> until_ = 0;
};

}  // namespace pidge::nodes
