// Comparing text regardless of case and composition, and finding characters that steer a display.
// Pure functions; thread-safe. The only folder that includes ICU.
#pragma once

#include <string>
#include <string_view>

namespace pidge::unicode {

// A form in which two texts are equal when a person would call them the same but for case:
// canonical caseless match of the Unicode standard (§3.13, D145), written as NFC. Octets that are
// not UTF-8 count as U+FFFD. At most `fold_octets_max` octets are looked at; more is the caller's
// error.
std::string folded(std::string_view utf8);

// NFC of valid UTF-8 (RFC 6532 §3.1 asks for it).
std::string composed(std::string_view utf8);

// True when the text holds a control character (C0, DEL, C1), a line or paragraph separator, a
// character that changes writing direction, a noncharacter, or octets that are not UTF-8
// (attacks.md G7, G12).
bool has_steering(std::string_view utf8);

inline constexpr std::size_t fold_octets_max = 1 << 20;

}  // namespace pidge::unicode
