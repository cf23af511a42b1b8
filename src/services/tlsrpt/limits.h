// Limits of what is counted for TLS reports, each with its reason.
#pragma once

#include <chrono>
#include <cstddef>

namespace pidge::tlsrpt::limits {

// Domains of which something was counted and is not yet written; what does not fit is not counted.
inline constexpr std::size_t waiting_max = 10'000;
// Of one domain in one day. Beyond these a failure is counted without details, a policy not at all.
inline constexpr std::size_t policies_max = 10;
inline constexpr std::size_t details_max = 100;
// Days that are kept after they were reported, for those who ask what became of connections.
inline constexpr std::chrono::days kept{30};
// RFC 8460 §4.1: reports of a day are spread over some hours after it.
inline constexpr std::chrono::hours spread{4};
// RFC 8460 §5.5: delivery is tried for a day.
inline constexpr std::chrono::hours tries{24};
inline constexpr std::chrono::hours try_pause{1};
inline constexpr std::chrono::seconds post_deadline{60};
inline constexpr std::size_t page = 200;  // records read from the store at a time

}  // namespace pidge::tlsrpt::limits
