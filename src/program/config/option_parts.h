// The table of options in parts. Internal to this folder.
#pragma once

#include <vector>

#include "program/config/option.h"

namespace pidge::config::parts {

template <typename Enum>
Choice choice(Enum& value) {
    static_assert(sizeof(Enum) == 1);
    return {reinterpret_cast<std::uint8_t*>(&value)};  // octets may alias anything
}

constexpr auto reload = Changeable::at_reload;
constexpr auto restart = Changeable::at_restart;
constexpr std::uint64_t mib = 1ULL << 20;
constexpr std::uint64_t hour = 3600;

extern const std::vector<Option> store_options;  // [store], [objects]

}  // namespace pidge::config::parts
