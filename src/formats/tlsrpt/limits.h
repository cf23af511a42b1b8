// Limits of TLS reports, each with its reason.
#pragma once

#include <cstddef>

namespace pidge::tlsrpt {

// "a short text field" (RFC 8460 §4.3.3)
inline constexpr std::size_t reason_octets_max = 200;
// Places to send a report to: a domain's owner decides how often we send, so not for ever.
inline constexpr std::size_t places_max = 5;
inline constexpr std::size_t place_octets_max = 1000;

}  // namespace pidge::tlsrpt
