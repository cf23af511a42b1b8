// Limits of delivery reports: a report must not be a way to make us send much (attacks.md F12,
// R06).
#pragma once

#include <cstddef>

namespace pidge::dsn {

inline constexpr std::size_t recipients_max = 1'000;  // told in one report; the rest is counted
inline constexpr std::size_t recipients_in_words_max = 50;   // told in the part for people
inline constexpr std::size_t foreign_text_octets_max = 500;  // of a diagnostic, name or address
inline constexpr std::size_t returned_header_octets_max =
    64 * 1024;  // the rest of a header is left out
inline constexpr std::size_t returned_message_octets_max =
    1024 * 1024;  // of a longer one the header is returned
inline constexpr std::size_t status_octets_max = 4 * 1024 * 1024;  // read of a delivery-status part

}  // namespace pidge::dsn
