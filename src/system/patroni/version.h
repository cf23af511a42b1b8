// Version: of Patroni, as it writes it ("4.0.7", "3.0.2").
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string_view>

namespace pidge::patroni {

struct Version {
    std::uint32_t major = 0, minor = 0, patch = 0;

    friend auto operator<=>(const Version&, const Version&) = default;
};

// Digits in the first places; a place that is missing is 0, and what follows ("4.1.0rc1") says
// nothing about what we want to know.
std::optional<Version> read_version(std::string_view text);

// Older ones have lost writes that were acknowledged: 3.0.2 takes its leader key back when a frozen
// primary is thawed, and the new primary is rewound. This one was seen to lose none.
inline constexpr Version oldest_safe{4, 0, 7};

}  // namespace pidge::patroni
