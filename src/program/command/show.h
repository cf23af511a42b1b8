// Small helpers of the verbs: members of JSON objects as text, times and durations as people type
// them. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"
#include "formats/json/value.h"

namespace pidge::command {

// A member as text; lists joined by ", "; empty for null and absent.
std::string text_of(const json::Value& object, std::string_view name);
bool is_true(const json::Value& object, std::string_view name);
// "2026-11-21 20:15:00" from a UTCDate.
std::string time_of(const json::Value& object, std::string_view name);

// "2026-11-21", "2026-11-21T20:15:00Z", or a duration before now: "2 h", "3d". As UTCDate.
Result<std::string> past_time(std::string_view typed, WallTime now);
// The same after now; for "--expires".
Result<std::string> future_time(std::string_view typed, WallTime now);

json::Array array_of(const std::vector<std::string>& items);

}  // namespace pidge::command
