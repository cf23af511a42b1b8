// Small helpers for ASCII text as protocols use it. Locale plays no part: octets above 127 are left
// as they are.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pidge::text {

constexpr char lower(char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
}
constexpr char upper(char c) {
    return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
}
constexpr bool is_digit(char c) {
    return c >= '0' && c <= '9';
}
constexpr bool is_alpha(char c) {
    return lower(c) >= 'a' && lower(c) <= 'z';
}
constexpr bool is_control(char c) {
    return static_cast<unsigned char>(c) < 32 || c == 127;
}

std::string to_lower(std::string_view text);
std::string to_upper(std::string_view text);
bool iequals(std::string_view a, std::string_view b);  // ASCII case-insensitive
bool istarts_with(std::string_view text, std::string_view prefix);
std::string_view trim(std::string_view text);  // spaces, tabs, CR, LF at both ends
std::vector<std::string_view> split(std::string_view text, char separator);  // keeps empty pieces
std::string join(const std::vector<std::string>& pieces, std::string_view separator);

// Plain decimal digits only (no sign, no space), checked for overflow (attacks.md G3).
std::optional<std::uint64_t> parse_u64(std::string_view text);

std::string hex(std::string_view bytes);  // lower case
std::optional<std::string> from_hex(std::string_view text);
std::string base64(std::string_view bytes);  // RFC 4648 §4, padded, one line
// RFC 4648 §4, strict: padded, canonical, no foreign characters; nullopt otherwise.
std::optional<std::string> from_base64(std::string_view text);

bool is_valid_utf8(std::string_view text);
// For log, terminal and reply (attacks.md G12): control characters, line and direction changers and
// octets that are not UTF-8 appear as \xNN or \u{NNNN}; at most `limit` octets of input are shown,
// then "…".
std::string printable(std::string_view text, std::size_t limit = 1000);

}  // namespace pidge::text
