// Limits of the administration API, each with its reason; they are told in the session object
// (RFC 8620 §2).
#pragma once

#include <cstddef>
#include <cstdint>

namespace pidge::admin::limits {

inline constexpr std::size_t request_octets_max = 1U << 20;  // a thousand accounts at once
inline constexpr std::size_t calls_max = 16;                 // what RFC 8620 §2 suggests at least
inline constexpr std::size_t objects_in_get_max = 1000;
inline constexpr std::size_t objects_in_set_max = 1000;
inline constexpr std::size_t query_page_max = 1000;
// Objects looked at by one query: a queue of that size is an incident, not a page.
inline constexpr std::size_t query_objects_max = 2'000'000;
// Somebody else changed the same thing between reading and committing; then it is planned anew. Of
// those who do so at once one gets through in each round, so this many of them all do.
inline constexpr int commit_attempts_max = 64;
// A password that is shorter is guessed (NIST SP 800-63B §5.1.1).
inline constexpr std::size_t password_characters_min = 8;
// Of one text that goes into an audit entry; an entry has at most 60 000 octets (docs/audit.md).
inline constexpr std::size_t audit_text_octets_max = 16'000;

}  // namespace pidge::admin::limits
