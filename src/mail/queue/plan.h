// What happens to the queue, planned as changes: pure functions, no waiting. The caller adds the
// audit entries and commits.
#pragma once

#include <span>
#include <vector>

#include "mail/queue/entry.h"
#include "system/store/change.h"

namespace pidge::queue {

// The message enters the queue: stores the entries, holds the body once for each, schedules each
// for its `due`.
void plan_enqueue(store::Change& change, const std::vector<Entry>& entries,
                  const store::Blob& body);

// The entry is done with: every recipient is settled.
void plan_end(store::Change& change, const Entry& entry, const store::Lease& lease);

// Some recipients are still open: stores the entry as it is now and schedules it for its `due`.
void plan_defer(store::Change& change, const Entry& entry, const store::Lease& lease);

// The recipients go to several places by now, or to another one: `parts` take the place of the
// entry, the first under its id. All hold its body.
void plan_part(store::Change& change, const Entry& entry, const std::vector<Entry>& parts,
               const store::Lease& lease);

// What an administrator does to an entry that nobody has leased. `stored` is the record as it was
// read.
void plan_reschedule(store::Change& change, const Entry& before, const Entry& after, Bytes stored);
void plan_remove(store::Change& change, const Entry& entry, Bytes stored);

}  // namespace pidge::queue
