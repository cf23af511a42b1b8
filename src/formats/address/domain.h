// Domain names and address literals in their one normal form (attacks.md G8). Pure; thread-safe.
//
// The normal form of a name is lower-case ASCII: letters, digits and hyphens, international labels
// as A-labels (RFC 5891). That of a literal has its brackets: "[192.0.2.1]", "[IPv6:2001:db8::1]"
// (RFC 5952).
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace pidge::address {

enum class Utf8 : std::uint8_t { refused, allowed };  // SMTPUTF8 (RFC 6531) asked for or not

// A name as written, in any case, with A-labels or U-labels. Refused: empty labels (so a trailing
// dot too), characters outside letters, digits and hyphen, hyphens at the ends of a label, a last
// label of digits only, more than 63 octets a label or 255 in all. With Utf8::refused also anything
// outside ASCII, with status 5.6.7.
Result<std::string> normal_domain(std::string_view name, Utf8 utf8 = Utf8::allowed);

// RFC 5321 §4.1.3, brackets included: IPv4 without leading zeros, and IPv6. Refused: general
// literals, as no tag is registered for them.
Result<std::string> normal_literal(std::string_view literal);

// For people: a normal name with U-labels where each label survives the way there and back, else as
// it is.
std::string display_domain(std::string_view normal);

}  // namespace pidge::address
