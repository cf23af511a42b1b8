// The level: the format of records that may be written to the store, and so the one that every
// reader must understand. It rises when every node that counts can read the next format, and never
// falls. Its row also counts who joined, so that a node cannot join unseen while the level rises.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/bytes.h"

namespace pidge::nodes {

struct Level {
    std::uint32_t format = 1;
    std::uint64_t joins = 0;
};

inline constexpr std::string_view level_key = "l";
Bytes record_of(const Level& level);
std::optional<Level> read_level(std::string_view record);

}  // namespace pidge::nodes
