// Leases of due work. An item is scheduled in a group (for the queue: a destination) for a time.
// Whoever leases it has it alone until the lease ends; the fence of the lease lets only its present
// holder commit an outcome (Change::finish).
//
// The embedded engine keeps leases in memory: when the process ends they are void and the items are
// due again. Engines shared by several nodes keep them in the store, with an expiry.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <string>

#include "base/bytes.h"
#include "base/clock.h"

namespace pidge::store {

// 8 octets that name a group; for the queue the first 8 of the SHA-256 of the destination's name.
struct DueGroup {
    std::array<std::uint8_t, 8> octets{};
    friend auto operator<=>(const DueGroup&, const DueGroup&) = default;
};

struct Lease {
    DueGroup group;
    WallTime due;
    Bytes item;
    std::uint64_t fence = 0;
};

// A group and when its earliest item that is not leased falls due.
struct DueSummary {
    DueGroup group;
    WallTime earliest;
};

}  // namespace pidge::store
