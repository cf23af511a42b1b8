// Limits of messages (attacks.md P01, P02 unless told otherwise). What lies beyond a limit is kept
// byte for byte and shown as "too complex to display"; nothing is thrown away.
#pragma once

#include <cstddef>

namespace pidge::message {

inline constexpr std::size_t header_octets_max = 256 * 1024;
inline constexpr std::size_t field_octets_max = 64 * 1024;
inline constexpr std::size_t fields_max = 1'000;
inline constexpr std::size_t line_octets_max = 998;  // RFC 5322 §2.1.1, without CRLF
inline constexpr std::size_t fold_octets = 78;  // RFC 5322 §2.1.1: what we write is folded to this
inline constexpr std::size_t parameters_max = 100;
// RFC 2046 §5.1.1 says 70; some writers use more.
inline constexpr std::size_t boundary_octets_max = 200;
inline constexpr std::size_t parts_max = 1'000;
inline constexpr std::size_t depth_max = 50;
inline constexpr std::size_t kept_header_octets_max =
    8 * 1024 * 1024;  // of all parts; bounds what Structure keeps
// A boundary with room for white space after it.
inline constexpr std::size_t delimiter_line_octets_max = 1'024;
inline constexpr std::size_t encoded_word_octets_max = 64 * 1024;  // of decoded text in one field
inline constexpr std::size_t defects_of_kind_max = 10;  // enough to tell a person what is wrong
inline constexpr std::size_t comment_depth_max = 32;

}  // namespace pidge::message
