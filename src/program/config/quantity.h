// Sizes, durations and permissions as people write them. Pure; thread-safe.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>

namespace pidge::config {

// Digits and a unit, with or without a space: "50 MiB" (B, KiB, MiB, GiB), "90s" (s, min, h, d).
std::optional<std::uint64_t> parse_size(std::string_view text);
std::optional<std::chrono::seconds> parse_duration(std::string_view text);
// Three or four octal digits: "600", "0660".
std::optional<std::uint64_t> parse_mode(std::string_view text);

}  // namespace pidge::config
