// Gathering: what a group of changes will read, so that one round trip locks and reads all of it in
// one order. Internal to the engine.
#pragma once

#include <map>
#include <set>
#include <span>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "system/store/group_writer.h"
#include "system/store/space.h"

namespace pidge::store::postgres {

struct Gathering {
    struct Keys {
        std::set<Bytes> read;    // nobody else may change them until the commit
        std::set<Bytes> absent;  // of them, those that a check wants to be absent
    };
    std::map<Space, Keys> spaces;
    // Uploads that the group may bring in, and how many chunks each must have.
    std::map<Bytes, std::uint32_t> uploads;
};

Gathering gather(std::span<const PendingChange> group);

// In the order in which spaces are locked: counters last, for the ends of logs are among them, on
// which all nodes meet that write the same log.
std::vector<Space> lock_order(const Gathering& gathering);

}  // namespace pidge::store::postgres
