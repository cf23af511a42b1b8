#include "mail/audit/match.h"

#include <algorithm>

#include "base/text.h"

namespace pidge::audit {

namespace {

bool text_contains(std::string_view where, const std::string& what) {
    return std::ranges::search(
               where, what,
               [](char a, char b) {
                   return text::lower(a) == text::lower(b);
               }).begin() != where.end() ||
           what.empty();
}

// Any text at or below the value; entries nest no deeper than the decoder allows.
bool contains(const cbor::Value& value, const std::string& what) {
    if (const auto* content = value.text()) return text_contains(*content, what);
    if (const auto* elements = value.array())
        return std::ranges::any_of(*elements,
                                   [&](const cbor::Value& v) { return contains(v, what); });
    if (const auto* members = value.map())
        return std::ranges::any_of(*members,
                                   [&](const auto& m) { return contains(m.second, what); });
    return false;
}

bool field_contains(const Entry& entry, std::initializer_list<const char*> names,
                    const std::string& what) {
    if (what.empty()) return true;
    return std::ranges::any_of(names, [&](const char* name) {
        const auto found = entry.fields.find(name);
        return found != entry.fields.end() && contains(found->second, what);
    });
}

}  // namespace

bool matches(const Entry& entry, const Query& query) {
    if (query.from && entry.wall < *query.from) return false;
    if (query.to && entry.wall >= *query.to) return false;
    if (!query.types.empty() && std::ranges::find(query.types, entry.type) == query.types.end())
        return false;
    return field_contains(entry, {"queue"}, query.queue_id) &&
           field_contains(entry, {"from"}, query.sender) &&
           field_contains(entry, {"to"}, query.recipient) &&
           field_contains(entry, {"client"}, query.client) &&
           field_contains(entry, {"principal", "login"}, query.principal) &&
           field_contains(entry, {"header", "message-id"}, query.message_id) &&
           (query.any.empty() || contains(cbor::Value(entry.fields), query.any));
}

}  // namespace pidge::audit
