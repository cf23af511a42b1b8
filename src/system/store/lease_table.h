// LeaseTable: who has which due item, in memory. The items themselves lie in space due; a scan of a
// group begins behind the items that are leased already, so leasing many at a time does not look at
// the same ones again and again.
//
// Thread-safe. A lease lives from lease() until release(), its expiry, or the commit that finishes
// it. During that commit it is `finishing`: it is not taken by anyone, until ended() says that the
// record is gone or kept() that nothing was done.
#pragma once

#include <chrono>
#include <cstddef>
#include <deque>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "base/bytes.h"
#include "base/clock.h"
#include "system/store/leases.h"
#include "system/store/table.h"

namespace pidge::store {

class LeaseTable final : public Leases, public LeaseGate {
 public:
    LeaseTable(Table& table, const Clock& clock) : table_(table), clock_(clock) {}

    std::vector<Lease> lease(const DueGroup& group, WallTime now, std::size_t limit,
                             std::chrono::seconds duration) override;
    std::optional<Lease> lease_item(const DueGroup& group, WallTime due, std::string_view item,
                                    std::chrono::seconds duration) override;
    void release(const std::vector<Lease>& leases) override;
    std::vector<DueSummary> due_groups(const std::optional<DueGroup>& after,
                                       std::size_t limit) override;

    // --- for the committer ---
    bool begin_finish(std::string_view key, std::uint64_t fence) override;
    // Then nobody can lease it until kept() or ended().
    bool begin_removal(std::string_view key) override;
    void kept(std::string_view key) override;
    void ended(std::string_view key);  // the record is gone: finished, or erased by somebody else
    void ended_range(std::string_view from, std::string_view to);
    void scheduled(std::string_view key);  // the record is there (again)
    void offered(std::string_view key);    // besides: it may be leased by name

 private:
    struct Held {
        std::uint64_t fence = 0;
        SteadyTime expires;
        bool is_finishing = false;
    };
    struct Group {
        std::map<Bytes, Held, std::less<>> held;
        Bytes cursor;  // every item below it is leased; empty: the beginning
        // While a scan runs without the lock: what happened that it may not have seen.
        int scans = 0;
        std::set<Bytes, std::less<>> ended;
        std::optional<Bytes> lowest_scheduled;
    };
    // Items on offer: those scheduled lately that nobody has had yet. Of `order`, oldest first,
    // some are on offer no more.
    struct Hash {
        using is_transparent = void;
        std::size_t operator()(std::string_view key) const {
            return std::hash<std::string_view>{}(key);
        }
    };
    struct Offers {
        std::unordered_set<Bytes, Hash, std::equal_to<>> keys;
        std::deque<Bytes> order;
    };
    using Groups = std::map<Bytes, Group, std::less<>>;
    using Expiries = std::multimap<SteadyTime, Bytes>;

    Group& enter(std::string_view group, Bytes& cursor);  // before a scan
    void leave(Groups::iterator group);                   // after it
    void lower(Group& group, std::string_view key);
    void expire();
    void tidy(Groups::iterator group);
    bool take_offer(std::string_view key);
    Lease hold(Group& group, Bytes key, std::chrono::seconds duration);
    std::optional<WallTime> earliest_free(std::string_view group);

    Table& table_;
    const Clock& clock_;
    std::mutex mutex_;
    Groups groups_;  // those with leases or with a scan going on, and some that had
    Expiries expiries_;
    Offers offers_;
    std::uint64_t last_fence_ = 0;
    std::size_t held_count_ = 0;
};

}  // namespace pidge::store
