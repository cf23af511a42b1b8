// parse and serialise: JSON text (RFC 8259, within the bounds of I-JSON, RFC 7493) from and to
// values.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "formats/json/limits.h"
#include "formats/json/value.h"

namespace pidge::json {

// Reads one value with nothing but white space around it. Refuses malformed text, octets that are
// not UTF-8, names that stand twice in one object (RFC 7493 §2.3) and what is over the limits
// (Refusal::Kind::limit); the text tells line and column. Linear in the size of the text but for
// sorting names.
Result<Value> parse(std::string_view text, const Limits& limits = {});

enum class Layout : std::uint8_t {
    compact,  // no white space
    pretty,   // two spaces for each level, one member a line, a line end at the end; for people
};
// Strings that are not UTF-8 have the offending octets replaced by U+FFFD, so that what we write
// can always be read.
std::string serialise(const Value& value, Layout layout = Layout::compact);

}  // namespace pidge::json
