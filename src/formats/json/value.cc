#include "formats/json/value.h"

#include <cmath>
#include <numeric>

#include "base/check.h"
#include "base/text.h"

namespace pidge::json {

namespace {
constexpr std::size_t linear_search_max = 16;
constexpr std::size_t nowhere = static_cast<std::size_t>(-1);
}  // namespace

std::string_view kind_name(Kind kind) {
    switch (kind) {
        case Kind::null:
            return "null";
        case Kind::boolean:
            return "true or false";
        case Kind::integer:
            return "a whole number";
        case Kind::real:
            return "a number";
        case Kind::string:
            return "a string";
        case Kind::array:
            return "an array";
        case Kind::object:
            return "an object";
    }
    return "";
}

Object::Object() = default;
Object::Object(const Object&) = default;
Object::Object(Object&&) noexcept = default;
Object& Object::operator=(const Object&) = default;
Object& Object::operator=(Object&&) noexcept = default;
Object::~Object() = default;

Object::Object(std::initializer_list<Member> members) {
    members_.reserve(members.size());
    for (const Member& member : members) set(member.name, member.value);
}

std::size_t Object::size() const {
    return members_.size();
}
const Member* Object::begin() const {
    return members_.data();
}
const Member* Object::end() const {
    return members_.data() + members_.size();
}

void Object::sort_index() {
    by_name_.clear();
    if (members_.size() <= linear_search_max) return;
    by_name_.resize(members_.size());
    std::iota(by_name_.begin(), by_name_.end(), 0u);
    std::ranges::sort(by_name_, {},
                      [&](std::uint32_t at) -> const std::string& { return members_[at].name; });
}

bool Object::adopt(std::vector<Member>&& members) {
    std::vector<std::string_view> names;
    names.reserve(members.size());
    for (const Member& member : members) names.push_back(member.name);
    std::ranges::sort(names);
    if (std::ranges::adjacent_find(names) != names.end()) return false;
    members_ = std::move(members);
    sort_index();
    return true;
}

std::size_t Object::position(std::string_view name) const {
    if (members_.size() <= linear_search_max) {
        const auto found = std::ranges::find(members_, name, &Member::name);
        return found == members_.end() ? nowhere
                                       : static_cast<std::size_t>(found - members_.begin());
    }
    const auto name_at = [&](std::uint32_t at) { return std::string_view(members_[at].name); };
    const auto found = std::ranges::lower_bound(by_name_, name, {}, name_at);
    return found == by_name_.end() || name_at(*found) != name ? nowhere : *found;
}

const Value* Object::find(std::string_view name) const {
    const std::size_t at = position(name);
    return at == nowhere ? nullptr : &members_[at].value;
}

Value* Object::find(std::string_view name) {
    const std::size_t at = position(name);
    return at == nowhere ? nullptr : &members_[at].value;
}

Value& Object::set(std::string_view name, Value value) {
    if (Value* found = find(name)) return *found = std::move(value);
    members_.push_back({std::string(name), std::move(value)});
    if (members_.size() == linear_search_max + 1) {
        sort_index();
    } else if (members_.size() > linear_search_max) {
        const auto name_at = [&](std::uint32_t at) { return std::string_view(members_[at].name); };
        const auto place = std::ranges::lower_bound(by_name_, name, {}, name_at);
        by_name_.insert(place, static_cast<std::uint32_t>(members_.size() - 1));
    }
    return members_.back().value;
}

bool Object::erase(std::string_view name) {
    const std::size_t at = position(name);
    if (at == nowhere) return false;
    members_.erase(members_.begin() + static_cast<std::ptrdiff_t>(at));
    sort_index();
    return true;
}

bool operator==(const Object& a, const Object& b) {
    return a.size() == b.size() && std::ranges::all_of(a, [&](const Member& member) {
               const Value* other = b.find(member.name);
               return other && *other == member.value;
           });
}

Value::Value(double value) {
    if (std::isfinite(value)) data_ = value;
}

bool Value::boolean() const {
    check(is_boolean());
    return std::get<bool>(data_);
}

std::int64_t Value::integer() const {
    check(is_integer());
    return std::get<std::int64_t>(data_);
}

double Value::number() const {
    check(is_number());
    return is_integer() ? static_cast<double>(integer()) : std::get<double>(data_);
}

const std::string& Value::string() const {
    check(is_string());
    return std::get<std::string>(data_);
}

const Array& Value::array() const {
    check(is_array());
    return std::get<Array>(data_);
}

const Object& Value::object() const {
    check(is_object());
    return std::get<Object>(data_);
}

std::string& Value::string() {
    return const_cast<std::string&>(std::as_const(*this).string());
}
Array& Value::array() {
    return const_cast<Array&>(std::as_const(*this).array());
}
Object& Value::object() {
    return const_cast<Object&>(std::as_const(*this).object());
}

const Value* Value::find(std::string_view name) const {
    return is_object() ? object().find(name) : nullptr;
}

Value& Value::set(std::string_view name, Value value) {
    if (is_null()) data_ = Object();
    return object().set(name, std::move(value));
}

Value& Value::push(Value value) {
    if (is_null()) data_ = Array();
    return array().emplace_back(std::move(value));
}

namespace {

const Value* element(const Array& array, std::string_view token) {
    if (token.size() > 1 && token.front() == '0')
        return nullptr;  // array-index = %x30 / ( %x31-39 *(%x30-39) )
    const auto index = text::parse_u64(token);
    return index && *index < array.size() ? &array[*index] : nullptr;
}

}  // namespace

const Value* Value::find_pointer(std::string_view pointer) const {
    const Value* at = this;
    while (at && !pointer.empty()) {
        if (pointer.front() != '/') return nullptr;
        pointer.remove_prefix(1);
        const std::string_view token = pointer.substr(0, pointer.find('/'));
        pointer.remove_prefix(token.size());
        const auto name = pointer_name(token);
        if (!name) return nullptr;
        at = at->is_array() ? element(at->array(), *name) : at->find(*name);
    }
    return at;
}

// RFC 6901 §4: "~1" first, then "~0"; any other use of "~" is malformed.
std::optional<std::string> pointer_name(std::string_view token) {
    std::string name;
    for (std::size_t i = 0; i < token.size(); ++i) {
        if (token[i] != '~') {
            name += token[i];
            continue;
        }
        if (++i == token.size() || (token[i] != '0' && token[i] != '1')) return std::nullopt;
        name += token[i] == '0' ? '~' : '/';
    }
    return name;
}

std::string pointer_token(std::string_view name) {
    std::string token;
    for (const char c : name) {
        if (c == '~')
            token += "~0";
        else if (c == '/')
            token += "~1";
        else
            token += c;
    }
    return token;
}

}  // namespace pidge::json
