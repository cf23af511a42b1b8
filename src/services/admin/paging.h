// Filters and orders a list of objects held in memory; what the small data types share. Pure.
#pragma once

#include <algorithm>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "services/admin/data_type.h"
#include "services/admin/encode.h"
#include "services/admin/limits.h"

namespace pidge::admin {

struct Sortable {
    std::string id;
    std::string key;  // by which it is ordered
};

// How many objects a query has to find: where no order is asked for, those that are needed, in that
// in which they are found.
inline std::size_t wanted(const QueryRequest& request) {
    const bool needs_all = !request.sort.empty() || request.wants_total;
    return needs_all ? limits::query_objects_max
                     : std::min(request.needed, limits::query_objects_max);
}

inline QueryAnswer as_found(std::vector<Sortable> found) {
    QueryAnswer answer{.total = found.size()};
    answer.ids.reserve(found.size());
    for (Sortable& item : found) answer.ids.push_back(std::move(item.id));
    return answer;
}

inline QueryAnswer ordered(std::vector<Sortable> found, bool is_ascending) {
    std::ranges::sort(found, [](const Sortable& a, const Sortable& b) {
        return std::tie(a.key, a.id) < std::tie(b.key, b.id);
    });
    if (!is_ascending) std::ranges::reverse(found);
    return as_found(std::move(found));
}

inline QueryAnswer ordered(std::vector<Sortable> found, const QueryRequest& request) {
    return request.sort.empty() ? as_found(std::move(found))
                                : ordered(std::move(found), request.is_ascending);
}

// The members of a filter must be among these (RFC 8620 §5.5: unsupportedFilter otherwise).
inline Result<> check_filter(const std::optional<json::Place>& filter,
                             std::initializer_list<std::string_view> names) {
    if (!filter) return {};
    auto good = filter->only(names);
    if (!good) good.error().kind = Refusal::Kind::unsupported;
    return good;
}

// Empty where it is not given. One that is given and empty is refused: it comes from a name that
// was forgotten, and who forgot it does not mean everybody.
inline Result<std::string> filter_text(const std::optional<json::Place>& filter,
                                       std::string_view name) {
    if (!filter) return std::string();
    const auto text = TRY(filter->find_string(name));
    if (text && text->empty())
        return TRY(filter->get(name)).refusal("expected some text; without it, leave it out");
    return text.value_or("");
}

// One of the words; empty where it is not given.
inline Result<std::string> filter_word(const std::optional<json::Place>& filter,
                                       std::string_view name,
                                       std::span<const std::string_view> words) {
    if (filter) TRY(read_word(*filter, name, words, 0));
    return filter_text(filter, name);
}

}  // namespace pidge::admin
