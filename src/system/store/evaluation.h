// Evaluation: makes the checks of one change against an overlay and carries its operations out
// there. The whole meaning of a Change stands here, once for all engines. Used by the
// committer's thread.
#pragma once

#include <expected>
#include <functional>
#include <set>
#include <vector>

#include "base/clock.h"
#include "system/store/change.h"
#include "system/store/leases.h"
#include "system/store/log_entry.h"
#include "system/store/overlay.h"
#include "system/store/store.h"

namespace pidge::store {

using CommitOutcome = std::expected<Committed, Conflict>;

// Names of the logs behind whose end a writer has looked: nothing was there. Kept from group to
// group, so that only the first entry costs a look.
using OpenLogs = std::set<Bytes, std::less<>>;

class Evaluation {
 public:
    Evaluation(Overlay& overlay, LeaseGate& leases, OpenLogs& logs, WallTime now)
        : overlay_(overlay), leases_(leases), logs_(logs), now_(now) {}

    // Takes the operations out of the change. On a Conflict, and when it throws a Fault that
    // concerns this change alone, the overlay and the leases are as before.
    CommitOutcome run(Change& change);
    // The due records that the changes so far have finished; their leases end with the write of the
    // group.
    const std::vector<Bytes>& finished() const { return finished_; }
    // The due records that were written to be leased by name, as keys of space due.
    const std::vector<Bytes>& offered() const { return offered_; }

 private:
    void note_offered(const Change& change);
    std::optional<Conflict> failed_check(const Change& change);
    bool begin_finishes(const Change& change);
    void back_out();
    void apply(Change::Operation& operation, Committed& committed);
    std::uint64_t counter(Space space, std::string_view key);
    void fill_holes(Change::Operation& operation, const Committed& committed);
    std::uint64_t append(const Bytes& log, std::string_view entry);
    LogEnd end_of(const Bytes& log, const Bytes& end_key);
    void hold(const Blob& blob);
    void drop(const BlobId& id);
    void bring_in(const Blob& blob);
    void erase_upload(std::string_view upload, std::uint64_t size_bytes);

    Overlay& overlay_;
    LeaseGate& leases_;
    OpenLogs& logs_;
    WallTime now_;
    std::vector<Bytes> finishing_;  // of the change being run
    std::vector<Bytes> finished_;
    std::vector<Bytes> offered_;
};

}  // namespace pidge::store
