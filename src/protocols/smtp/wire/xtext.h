// xtext of RFC 3461 §4: any octets as visible ASCII. Pure.
//
//   xtext = *( xchar / hexchar );  hexchar = "+" 2(%x30-39 / %x41-46)
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace pidge::smtp {

// nullopt: not xtext, or a control character comes out (attacks.md G7). Hexadecimal letters are
// taken in either case. Octets above 127 are taken as they are: with SMTPUTF8 they are part of the
// parameter (RFC 6533 §3).
std::optional<std::string> decode_xtext(std::string_view text);
std::string encode_xtext(std::string_view octets);

// The address of an ORCPT of type "utf-8" (RFC 6533 §3): \x{HEX} stands for a character. nullopt as
// above, and for code points that are none.
std::optional<std::string> decode_utf8_address(std::string_view text);
// In ASCII, so that it may stand in any transaction. `address` is valid UTF-8.
std::string encode_utf8_address(std::string_view address);

}  // namespace pidge::smtp
