// Tally: counts what came of connections to mail exchangers, by domain and UTC day (RFC 8460 §4.1),
// in memory first and in the store soon after. What was not yet written is lost in a crash: a
// report is statistics.
//
// Any thread; it outlives the coroutines that use it.
#pragma once

#include <map>
#include <mutex>

#include "base/clock.h"
#include "formats/tlsrpt/session.h"
#include "services/tlsrpt/day_record.h"
#include "system/net/task.h"
#include "system/store/store.h"

namespace pidge::tlsrpt {

class Tally {
 public:
    Tally(store::Store& store, const Clock& clock) : store_(store), clock_(clock) {}

    void note(const Session& session);  // does not wait
    // Writes what was counted since the last time. Throws store::Fault, and keeps then what it
    // could not write.
    net::Task<void> flush();

 private:
    net::Task<void> write(const DayKey& key, const Day& counts);

    store::Store& store_;
    const Clock& clock_;
    std::mutex mutex_;
    std::map<DayKey, Day> waiting_;
};

}  // namespace pidge::tlsrpt
