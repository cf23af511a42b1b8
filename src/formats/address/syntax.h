// Character classes of addresses (RFC 5321 §4.1.2, RFC 5322 §3.2.3, RFC 6531 §3.3, RFC 6532 §3.2).
// Internal to this folder.
#pragma once

#include <string_view>

#include "base/text.h"

namespace pidge::address {

constexpr bool is_non_ascii(char c) {
    return static_cast<unsigned char>(c) > 127;
}

constexpr bool is_atext(char c) {
    return text::is_alpha(c) || text::is_digit(c) || is_non_ascii(c) ||
           std::string_view("!#$%&'*+-/=?^_`{|}~").find(c) != std::string_view::npos;
}

// Dot-string = Atom *("."  Atom)
constexpr bool is_dot_string(std::string_view text) {
    bool after_atom = false;
    for (const char c : text) {
        if (c == '.' ? !after_atom : !is_atext(c)) return false;
        after_atom = c != '.';
    }
    return after_atom;
}

}  // namespace pidge::address
