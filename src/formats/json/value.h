// Value: a JSON value (RFC 8259) as a plain, owned value: null, boolean, number, string, array or
// object.
//
// Numbers are integers of 64 bits where the text has neither point nor exponent and fits, otherwise
// doubles. Strings are UTF-8. Objects keep their members in the order in which they were set, and
// no name stands twice. The getters that name a kind (`boolean()`, `string()` ...) require that
// kind (checked: our error); for what a peer or user sent use Place (place.h), which refuses
// instead. Walking and destroying a value uses the stack: it is never nested deeper than parse()
// lets through.
#pragma once

#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace pidge::json {

class Value;
struct Member;
using Array = std::vector<Value>;

enum class Kind : std::uint8_t { null, boolean, integer, real, string, array, object };
std::string_view kind_name(Kind kind);  // "a string", "an object", for sentences

class Object {
 public:
    Object();
    Object(std::initializer_list<Member>
               members);  // a later member of the same name replaces the earlier
    Object(const Object&);
    Object(Object&&) noexcept;
    Object& operator=(const Object&);
    Object& operator=(Object&&) noexcept;
    ~Object();

    // Takes the members as they are. False, and nothing is taken, when a name stands twice.
    bool adopt(std::vector<Member>&& members);

    std::size_t size() const;
    bool empty() const { return size() == 0; }
    const Member* begin() const;
    const Member* end() const;

    const Value* find(std::string_view name) const;  // null: no such member
    Value* find(std::string_view name);
    Value& set(std::string_view name,
               Value value);  // adds it at the end, or replaces it in its place
    bool erase(std::string_view name);

    friend bool operator==(const Object& a, const Object& b);  // the order of members plays no part

 private:
    std::size_t position(std::string_view name) const;
    void sort_index();

    std::vector<Member> members_;
    // Positions of members_ in order of name, so that a search stays fast whatever a peer sends;
    // only kept for objects of more than a few members.
    std::vector<std::uint32_t> by_name_;
};

class Value {
 public:
    Value() = default;  // null
    Value(std::nullptr_t) {}
    template <std::same_as<bool> T>
    Value(T value) : data_(value) {}
    template <std::integral T>
        requires(!std::same_as<T, bool> && !std::same_as<T, char>)
    Value(T value) : data_(integer_of(value)) {}
    Value(double value);  // not finite: null, for JSON has no such number
    Value(std::string value) : data_(std::move(value)) {}
    Value(std::string_view value) : data_(std::string(value)) {}
    Value(const char* value) : data_(std::string(value)) {}
    Value(Array value) : data_(std::move(value)) {}
    Value(Object value) : data_(std::move(value)) {}

    Kind kind() const { return static_cast<Kind>(data_.index()); }
    bool is_null() const { return kind() == Kind::null; }
    bool is_boolean() const { return kind() == Kind::boolean; }
    bool is_integer() const { return kind() == Kind::integer; }
    bool is_number() const { return kind() == Kind::integer || kind() == Kind::real; }
    bool is_string() const { return kind() == Kind::string; }
    bool is_array() const { return kind() == Kind::array; }
    bool is_object() const { return kind() == Kind::object; }

    bool boolean() const;
    std::int64_t integer() const;
    double number() const;  // of an integer too
    const std::string& string() const;
    const Array& array() const;
    const Object& object() const;
    std::string& string();
    Array& array();
    Object& object();

    // The member of an object; null when this is no object or has no such member.
    const Value* find(std::string_view name) const;
    // The value that an RFC 6901 pointer names ("" is this value, "/list/0/a~1b"); null when there
    // is none or the pointer is malformed.
    const Value* find_pointer(std::string_view pointer) const;
    // For building: a null becomes an object or array first.
    Value& set(std::string_view name, Value value);
    Value& push(Value value);

    friend bool operator==(const Value&, const Value&) = default;

 private:
    using Data =
        std::variant<std::monostate, bool, std::int64_t, double, std::string, Array, Object>;
    template <std::integral T>
    static Data integer_of(T value) {
        if (std::in_range<std::int64_t>(value)) return static_cast<std::int64_t>(value);
        return static_cast<double>(value);
    }
    Data data_;
};

struct Member {
    std::string name;
    Value value;

    friend bool operator==(const Member&, const Member&) = default;
};

// RFC 6901 §3: one reference token of a pointer, with "~" and "/" escaped.
std::string pointer_token(std::string_view name);
// The name that a token stands for; nullopt when it is malformed.
std::optional<std::string> pointer_name(std::string_view token);

}  // namespace pidge::json
