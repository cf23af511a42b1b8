// Store: the ordered key-value store with atomic commits on which everything durable stands.
// Nothing above knows which engine runs (memory/, rocksdb/, postgres/). One conformance suite
// holds for all (conformance/).
//
// Thread-safe. Tasks resume on the event loop that awaits them. Functions throw Fault when the
// store cannot answer; a key or blob that is not there is an ordinary answer.
#pragma once

#include <cstdint>
#include <expected>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/clock.h"
#include "system/net/task.h"
#include "system/store/blob.h"
#include "system/store/change.h"
#include "system/store/lease.h"
#include "system/store/space.h"

namespace pidge::store {

// The store cannot do its work. What was not acknowledged may or may not have happened.
class Fault : public std::runtime_error {
 public:
    enum class Why : std::uint8_t {
        full,         // no space left; goes away when there is some again
        unavailable,  // not reachable, shutting down, or too busy; may come back
        failed,  // a write or sync failed: final until the process has restarted and recovered from
                 // the log
        damaged,  // what is stored does not match its checksum
    };
    Fault(Why why, const std::string& text) : std::runtime_error(text), why(why) {}
    const Why why;
};

struct Committed {
    std::vector<std::uint64_t> numbers;  // by Number::index
    bool replayed = false;               // the token was committed before; numbers is empty
};
// Which check failed; the state has changed since it was read: read again, plan again.
struct Conflict {
    std::size_t check = 0;  // index in Change::checks(); checks().size() when a lease was lost
};

struct Item {
    Bytes key;
    Bytes value;
};
struct ScanOptions {
    Bytes from;                // first key; inclusive
    Bytes to;                  // end; exclusive. Empty: the end of the space
    std::size_t limit = 1000;  // items at most
    enum class Order : std::uint8_t {
        forward,
        backward
    } order = Order::forward;  // backward: from below `to` down
};

// A consistent view; keep it for seconds, not minutes.
class Snapshot {
 public:
    virtual ~Snapshot() = default;
};

struct Health {
    // away: the database cannot be reached; goes away by itself. failed: only a restart helps.
    enum class State : std::uint8_t { good, low_space, failed, away };
    State state = State::good;
    std::string text;                               // for a person; empty when good
    std::uint64_t free_bytes = 0, total_bytes = 0;  // of the disk below the store
};

class Store {
 public:
    virtual ~Store() = default;

    // Durable when it returns: the write and its sync are done. Changes that wait at the same
    // moment share one of each. A change that does not fit (Change::fits) is a Fault.
    virtual net::Task<std::expected<Committed, Conflict>> commit(Change change) = 0;
    // The same without waiting: nobody is told the outcome, failures are logged. Bounded: over the
    // bound it is dropped and counted (metric pidge_store_dropped_changes_total).
    virtual void commit_soon(Change change) = 0;

    virtual net::Task<std::optional<Bytes>> get(Space space, Bytes key,
                                                const Snapshot* at = nullptr) = 0;
    virtual net::Task<std::vector<std::optional<Bytes>>> multi_get(
        std::vector<std::pair<Space, Bytes>> keys, const Snapshot* at = nullptr) = 0;
    virtual net::Task<std::vector<Item>> scan(Space space, ScanOptions options,
                                              const Snapshot* at = nullptr) = 0;
    virtual net::Task<std::shared_ptr<const Snapshot>> snapshot() = 0;

    virtual std::unique_ptr<BlobWriter> write_blob() = 0;
    virtual net::Task<std::unique_ptr<BlobReader>> open_blob(BlobId id) = 0;  // null: not there
    // A finished blob that no commit holds yet; for a second look at what was uploaded.
    virtual std::unique_ptr<BlobReader> open_upload(Blob blob) = 0;

    // Groups with items that are not leased, from the one after `after` on (none: from the first),
    // `limit` at most.
    virtual net::Task<std::vector<DueSummary>> due_groups(std::optional<DueGroup> after,
                                                          std::size_t limit) = 0;
    // Leases up to `limit` items of the group that are due at `now`, earliest first.
    virtual net::Task<std::vector<Lease>> lease(DueGroup group, WallTime now, std::size_t limit,
                                                std::chrono::seconds duration) = 0;
    // Leases one item, whose caller has just committed it with Change::offer_scheduled, without
    // looking for it in the store. Nullopt: somebody has or had it, or it is too long ago; lease()
    // finds it if it is due. An engine may always say so.
    virtual net::Task<std::optional<Lease>> lease_item(
        [[maybe_unused]] DueGroup group, [[maybe_unused]] WallTime due, [[maybe_unused]] Bytes item,
        [[maybe_unused]] std::chrono::seconds duration) {
        co_return std::nullopt;
    }
    // Gives leases back without an outcome; the items are due as before.
    virtual net::Task<void> release(std::vector<Lease> leases) = 0;
    // Whether leases that were asked for so long ago are this process's own still, as far as can be
    // known without asking. False where several processes use the store and it has not heard from
    // this one for so long that another may have taken them over. Any thread; never waits.
    virtual bool keeps_leases([[maybe_unused]] std::chrono::nanoseconds age) const { return true; }

    // Called for each hint when its commit is durable and before commit() returns, on a thread of
    // the store; must return at once. Set before use begins. Where several processes use one store
    // the hints of the others come too; an empty subject says that some may have been lost and
    // anything may have changed. An empty function takes the listener off: what it uses may go when
    // this returns.
    virtual void on_hint(std::function<void(const Bytes& subject)> listener) = 0;

    virtual Health health() const = 0;  // cheap; the space is looked at every second

    // What had been acknowledged and was found to be lost when the store was opened, now or earlier
    // while the evidence is kept, for a person; empty: nothing.
    virtual std::string loss() const { return {}; }

    // The time by the store's clock, which all nodes on one store share: that of the machine where
    // the store is this machine's own, that of the database server else. Leases between nodes run
    // by it, never by a node's own.
    virtual net::Task<WallTime> now() { co_return system_clock().now(); }
};

}  // namespace pidge::store
