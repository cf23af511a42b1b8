// The closest of the words that would have been right, for "Did you mean …?". Pure; thread-safe.
#pragma once

#include <span>
#include <string_view>

namespace pidge::config {

// Empty when none is close. Case and "-" for "_" count as half a slip.
std::string_view closest(std::string_view written, std::span<const std::string_view> right);

}  // namespace pidge::config
