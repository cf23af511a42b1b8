#include "formats/json/place.h"

#include <fmt/format.h>

#include "base/text.h"

namespace pidge::json {

Refusal Place::refusal(std::string_view what) const {
    const std::string where = path_.empty() ? "The JSON value" : text::printable(path_, 200);
    return Refusal{.kind = Refusal::Kind::syntax, .text = fmt::format("{}: {}", where, what)};
}

Place Place::below(std::string_view token, const Value& value) const {
    return Place(value, path_.empty() ? std::string(token) : fmt::format("{}/{}", path_, token));
}

Result<> Place::expect(Kind kind) const {
    if (value_->kind() != kind) return refusal(fmt::format("expected {}", kind_name(kind)));
    return {};
}

Result<std::string> Place::string() const {
    TRY(expect(Kind::string));
    return value_->string();
}

Result<bool> Place::boolean() const {
    TRY(expect(Kind::boolean));
    return value_->boolean();
}

Result<double> Place::number() const {
    if (!value_->is_number()) return refusal("expected a number");
    return value_->number();
}

Result<std::int64_t> Place::integer(std::int64_t least, std::int64_t most) const {
    TRY(expect(Kind::integer));
    const std::int64_t number = value_->integer();
    if (number < least) return refusal(fmt::format("expected at least {}", least));
    if (number > most) return refusal(fmt::format("expected at most {}", most));
    return number;
}

Result<std::vector<Place>> Place::array() const {
    TRY(expect(Kind::array));
    std::vector<Place> places;
    places.reserve(value_->array().size());
    for (const Value& element : value_->array())
        places.push_back(below(std::to_string(places.size()), element));
    return places;
}

Result<std::vector<Place::Named>> Place::members() const {
    TRY(expect(Kind::object));
    std::vector<Named> members;
    members.reserve(value_->object().size());
    for (const Member& member : value_->object())
        members.push_back({member.name, below(pointer_token(member.name), member.value)});
    return members;
}

Result<Place> Place::get(std::string_view name) const {
    TRY(expect(Kind::object));
    const Value* found = value_->find(name);
    if (!found) return refusal(fmt::format("\"{}\" is missing", name));
    return below(pointer_token(name), *found);
}

Result<std::optional<Place>> Place::find(std::string_view name) const {
    TRY(expect(Kind::object));
    const Value* found = value_->find(name);
    if (!found || found->is_null()) return std::optional<Place>();
    return std::optional<Place>(below(pointer_token(name), *found));
}

Result<std::string> Place::string(std::string_view name) const {
    return TRY(get(name)).string();
}

Result<bool> Place::boolean(std::string_view name) const {
    return TRY(get(name)).boolean();
}

Result<std::int64_t> Place::integer(std::string_view name, std::int64_t least,
                                    std::int64_t most) const {
    return TRY(get(name)).integer(least, most);
}

Result<std::vector<Place>> Place::array(std::string_view name) const {
    return TRY(get(name)).array();
}

Result<std::optional<std::string>> Place::find_string(std::string_view name) const {
    const std::optional<Place> found = TRY(find(name));
    if (!found) return std::optional<std::string>();
    return std::optional<std::string>(TRY(found->string()));
}

Result<bool> Place::boolean_or(std::string_view name, bool otherwise) const {
    const std::optional<Place> found = TRY(find(name));
    return found ? found->boolean() : Result<bool>(otherwise);
}

Result<std::int64_t> Place::integer_or(std::string_view name, std::int64_t otherwise,
                                       std::int64_t least, std::int64_t most) const {
    const std::optional<Place> found = TRY(find(name));
    return found ? found->integer(least, most) : Result<std::int64_t>(otherwise);
}

Result<std::vector<Place>> Place::array_or_empty(std::string_view name) const {
    const std::optional<Place> found = TRY(find(name));
    return found ? found->array() : Result<std::vector<Place>>(std::vector<Place>());
}

Result<> Place::only(std::initializer_list<std::string_view> names) const {
    TRY(expect(Kind::object));
    for (const Member& member : value_->object())
        if (std::ranges::find(names, member.name) == names.end())
            return below(pointer_token(member.name), member.value)
                .refusal("there is no such property");
    return {};
}

}  // namespace pidge::json
