// Keys of space due: group (8 octets) ‖ when it falls due (8 octets) ‖ item. They sort by group,
// then by time. Times before 1970 sort before those after it, since the sign is turned round.
#pragma once

#include <optional>
#include <string_view>

#include "base/bytes.h"
#include "base/clock.h"
#include "system/store/lease.h"

namespace pidge::store {

struct DueKey {
    DueGroup group;
    WallTime due;
    std::string_view item;  // into the key
};

Bytes due_key(const DueGroup& group, WallTime due, std::string_view item);
std::optional<DueKey> read_due_key(std::string_view key);

std::string_view bytes_of(const DueGroup& group);  // lives as long as the group

}  // namespace pidge::store
