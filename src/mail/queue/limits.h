// Limits of the queue, each with its reason.
#pragma once

#include <cstddef>

namespace pidge::queue {

// Of one entry as it is written; what is more becomes another entry. RFC 5321 §4.5.3.1.8 asks for
// 100; limits.recipients may be set to this, and roles among them have members.
inline constexpr std::size_t recipients_max = 10'000;
// As it is read: entries may have been written by a program with another bound.
inline constexpr std::size_t recipients_read_max = 100'000;
// Of the reply that an entry keeps and a report shows: enough for any honest one.
inline constexpr std::size_t reply_octets_max = 1000;

}  // namespace pidge::queue
