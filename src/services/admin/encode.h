// Small conversions between our types and JSON that several data types need. Pure.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "formats/json/place.h"
#include "formats/json/value.h"

namespace pidge::admin {

// UTCDate of RFC 8620 §1.4: "2026-11-21T20:15:00Z"; with milliseconds where there are any.
std::string utc_text(WallTime time);
std::optional<WallTime> parse_utc(std::string_view text);
json::Value utc_or_null(const std::optional<WallTime>& time);
Result<std::optional<WallTime>> find_utc(const json::Place& in, std::string_view name);

json::Array texts(const std::vector<std::string>& items);
Result<std::vector<std::string>> read_texts(const json::Place& in, std::string_view name);

// The object with the members of the patch put over it (RFC 8620 §5.3; whole properties only); null
// takes a property back to its default. Refuses a pointer into a property.
Result<json::Value> patched(const json::Object& object, const json::Place& patch);

// One of the words, which are numbered from 0.
Result<std::uint8_t> read_word(const json::Place& in, std::string_view name,
                               std::span<const std::string_view> words, std::uint8_t otherwise);

// ASCII case aside; for filters.
bool contains_text(std::string_view where, std::string_view what);

}  // namespace pidge::admin
