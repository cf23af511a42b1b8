// Limits of the queue, each with its reason.
#pragma once

#include <cstddef>

namespace pidge::queue {

// Of one entry. RFC 5321 §4.5.3.1.8 asks for 100; the SMTP server takes 500, lists may have more.
inline constexpr std::size_t recipients_max = 10'000;
// Of the reply that an entry keeps and a report shows: enough for any honest one.
inline constexpr std::size_t reply_octets_max = 1000;

}  // namespace pidge::queue
