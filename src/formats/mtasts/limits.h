// Limits of MTA-STS records and policies (RFC 8461), each with its reason.
#pragma once

#include <chrono>
#include <cstddef>

namespace pidge::mtasts {

// RFC 8461 §3.3: "it is RECOMMENDED that implementors limit the policy body to 64 kilobytes".
inline constexpr std::size_t policy_octets_max = 64 * 1024;
// A domain with more exchangers than this would not fit what resolvers give us of its MX records.
inline constexpr std::size_t patterns_max = 200;
// RFC 8461 §3.1: sts-id = 1*32(ALPHA / DIGIT)
inline constexpr std::size_t id_octets_max = 32;
// RFC 8461 §3.2: about a year.
inline constexpr std::chrono::seconds max_age_max{31'557'600};

}  // namespace pidge::mtasts
