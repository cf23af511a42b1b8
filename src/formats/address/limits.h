// Limits of addresses, each with its reason.
#pragma once

#include <cstddef>

namespace pidge::address {

inline constexpr std::size_t local_part_octets_max = 64;  // RFC 5321 §4.5.3.1.1
inline constexpr std::size_t domain_octets_max = 255;     // RFC 5321 §4.5.3.1.2
inline constexpr std::size_t label_octets_max = 63;       // RFC 1035 §2.3.4
// RFC 5321 §4.5.3.1.3: 256 with the angle brackets.
inline constexpr std::size_t mailbox_octets_max = 254;
// A source route is thrown away; nobody needs a long one.
inline constexpr std::size_t route_domains_max = 20;
// attacks.md P01: the rest of the field stays text.
inline constexpr std::size_t list_addresses_max = 2'000;
inline constexpr std::size_t list_octets_max = 256 * 1024;  // attacks.md P01: as the whole header
inline constexpr std::size_t comment_depth_max = 32;        // attacks.md P04

}  // namespace pidge::address
