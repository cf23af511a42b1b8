#include "program/command/show.h"

#include <fmt/format.h>

#include "program/command/call.h"
#include "program/config/quantity.h"
#include "services/admin/encode.h"

namespace pidge::command {
namespace {

Result<std::string> time_text(std::string_view typed, WallTime now, int sign) {
    if (const auto duration = config::parse_duration(typed))
        return admin::utc_text(now + sign * *duration);
    for (const std::string_view ending : {"", "Z", "T00:00:00Z"})
        if (const auto time = admin::parse_utc(std::string(typed) + std::string(ending)))
            return admin::utc_text(*time);
    return usage(
        fmt::format("\"{}\" is no time: write \"2026-11-21\", \"2026-11-21T20:15:00Z\" "
                    "(UTC), or a duration as \"2 h\" or \"3d\".",
                    typed));
}

}  // namespace

std::string text_of(const json::Value& object, std::string_view name) {
    const json::Value* value = object.find(name);
    if (value == nullptr || value->is_null()) return {};
    if (value->is_string()) return value->string();
    if (value->is_boolean()) return value->boolean() ? "yes" : "no";
    if (value->is_integer()) return std::to_string(value->integer());
    std::string out;
    if (value->is_array())
        for (const json::Value& item : value->array()) {
            if (!out.empty()) out += ", ";
            if (item.is_string()) out += item.string();
            if (item.is_object()) out += text_of(item, "address");
        }
    return out;
}

bool is_true(const json::Value& object, std::string_view name) {
    const json::Value* value = object.find(name);
    return value != nullptr && value->is_boolean() && value->boolean();
}

std::string time_of(const json::Value& object, std::string_view name) {
    std::string text = text_of(object, name);
    if (text.size() < 20) return text;
    text[10] = ' ';
    return text.substr(0, 19);
}

Result<std::string> past_time(std::string_view typed, WallTime now) {
    return time_text(typed, now, -1);
}

Result<std::string> future_time(std::string_view typed, WallTime now) {
    return time_text(typed, now, 1);
}

json::Array array_of(const std::vector<std::string>& items) {
    json::Array out;
    for (const std::string& item : items) out.push_back(item);
    return out;
}

}  // namespace pidge::command
