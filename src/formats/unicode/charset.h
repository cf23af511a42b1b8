// Octets of a named charset to UTF-8 (RFC 2046 §4.1.2, RFC 2978). Pure; thread-safe.
//
// The result is always valid UTF-8; what the charset does not define becomes U+FFFD (attacks.md
// P05). Nothing is guessed: UTF-7 and ISO-2022 are decoded only where they are named.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace pidge::unicode {

// By a name or alias of IANA's registry, in any case; nullopt when there is no such charset.
// ISO-8859-1 is read as windows-1252, of which it is a part but for control characters that nobody
// sends.
std::optional<std::string> to_utf8(std::string_view octets, std::string_view charset);

// For display: by the named charset; when there is none or it is unknown, as UTF-8 if it is valid,
// else as windows-1252.
std::string to_utf8_for_display(std::string_view octets, std::string_view charset);

// Valid UTF-8 with U+FFFD for what is not.
std::string repaired_utf8(std::string_view octets);

// Control characters (C0 but tab, DEL, C1) become U+FFFD: decoding must not make line ends
// (attacks.md G7).
std::string without_controls(std::string_view utf8);

}  // namespace pidge::unicode
