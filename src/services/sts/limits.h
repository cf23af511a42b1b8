// Limits of policy discovery, each with its reason.
#pragma once

#include <chrono>
#include <cstddef>

namespace pidge::sts::limits {

// RFC 8461 §3.3: "a suggested timeout is one minute".
inline constexpr std::chrono::seconds fetch_deadline{60};
// RFC 8461 §3.3: a fetch that failed is not tried again for five minutes or longer for the same
// policy.
inline constexpr std::chrono::minutes failure_pause{5};
// Failures that are remembered; some hundred octets each.
inline constexpr std::size_t failures_max = 10'000;
// RFC 8461 §3.3: caches are refreshed, so that a policy does not end because nobody looked. Once a
// day for policies that are in use.
inline constexpr std::chrono::hours refresh_age{24};
inline constexpr std::chrono::hours used_within{30 * 24};
// Policies that one round of refreshing looks at, so that it ends.
inline constexpr std::size_t refresh_page = 200;

}  // namespace pidge::sts::limits
