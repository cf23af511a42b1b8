// Leases: who has which due item (lease.h), as an engine keeps it. LeaseTable keeps leases in
// memory; engines shared by several nodes keep them with the items.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "system/store/lease.h"

namespace pidge::store {

// Thread-safe; may wait. Throw Fault.
class Leases {
 public:
    virtual ~Leases() = default;
    // As Store says of the functions with these names.
    virtual std::vector<Lease> lease(const DueGroup& group, WallTime now, std::size_t limit,
                                     std::chrono::seconds duration) = 0;
    // Never waits; an engine whose leases are not in memory has nothing on offer.
    virtual std::optional<Lease> lease_item([[maybe_unused]] const DueGroup& group,
                                            [[maybe_unused]] WallTime due,
                                            [[maybe_unused]] std::string_view item,
                                            [[maybe_unused]] std::chrono::seconds duration) {
        return std::nullopt;
    }
    virtual void release(const std::vector<Lease>& leases) = 0;
    // Never waits.
    virtual bool is_kept([[maybe_unused]] std::chrono::nanoseconds age) const { return true; }
    virtual std::vector<DueSummary> due_groups(const std::optional<DueGroup>& after,
                                               std::size_t limit) = 0;
};

// What a commit asks of the leases. Between begin_…() and the end of the commit nobody else gets
// the item.
class LeaseGate {
 public:
    virtual ~LeaseGate() = default;
    // Whether the lease is held; then it is finishing.
    virtual bool begin_finish(std::string_view key, std::uint64_t fence) = 0;
    // Whether nobody holds the item.
    virtual bool begin_removal(std::string_view key) = 0;
    virtual void kept(std::string_view key) = 0;  // the change that had begun was not done
};

}  // namespace pidge::store
