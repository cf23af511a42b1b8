#include "system/http/message.h"

#include <boost/beast/http/status.hpp>

#include "base/text.h"

namespace pidge::http {

void Fields::add(std::string_view name, std::string_view value) {
    fields_.emplace_back(name, value);
}

void Fields::set(std::string_view name, std::string_view value) {
    std::erase_if(fields_, [&](const auto& field) { return text::iequals(field.first, name); });
    add(name, value);
}

std::optional<std::string_view> Fields::find(std::string_view name) const {
    for (const auto& [own, value] : fields_)
        if (text::iequals(own, name)) return value;
    return std::nullopt;
}

std::size_t Fields::count(std::string_view name) const {
    return static_cast<std::size_t>(std::ranges::count_if(
        fields_, [&](const auto& field) { return text::iequals(field.first, name); }));
}

bool Fields::has_token(std::string_view name, std::string_view token) const {
    for (const auto& [own, value] : fields_) {
        if (!text::iequals(own, name)) continue;
        for (const std::string_view piece : text::split(value, ','))
            if (text::iequals(text::trim(piece), token)) return true;
    }
    return false;
}

std::optional<std::string_view> Request::find_query(std::string_view name) const {
    for (const auto& [own, value] : query)
        if (own == name) return value;
    return std::nullopt;
}

Response text_response(std::uint16_t status, std::string_view text) {
    return {.status = status,
            .fields = {{"Content-Type", "text/plain; charset=utf-8"}},
            .body = std::string(text) + "\n"};
}

Response json_response(std::uint16_t status, std::string json) {
    return {.status = status,
            .fields = {{"Content-Type", "application/json"}},
            .body = std::move(json)};
}

std::string_view reason_phrase(std::uint16_t status) {
    const auto known = boost::beast::http::int_to_status(status);
    if (known == boost::beast::http::status::unknown) return {};
    const auto reason = boost::beast::http::obsolete_reason(known);
    return {reason.data(), reason.size()};
}

}  // namespace pidge::http
