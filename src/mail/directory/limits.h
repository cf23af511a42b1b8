// Bounds of the directory.
#pragma once

#include <chrono>
#include <cstddef>

namespace pidge::directory {

// RFC 5321 §4.5.3.1: an address has at most 64 + 1 + 255 octets; a login may be one.
inline constexpr std::size_t login_octets_max = 320;
// One for each device of a person, with room; they are all tried at a login.
inline constexpr std::size_t credentials_max = 100;
// Addresses of one principal, so that its record and its change stay small.
inline constexpr std::size_t addresses_max = 500;
inline constexpr std::size_t text_octets_max = 1000;  // names, labels, purposes

// Addresses that are remembered, and for how long. A hint that they have changed may be lost; then
// this is how long it matters.
inline constexpr std::size_t remembered_addresses_max = 10'000;
inline constexpr std::chrono::seconds remembered_for{2};

}  // namespace pidge::directory
