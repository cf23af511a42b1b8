// Deterministic CBOR (RFC 8949 §4.2) for the audit trail: unsigned and negative integers, octets,
// text, arrays and maps with text keys. No floats, no tags, no indefinite lengths: what is not
// deterministic is refused when read.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/bytes.h"

namespace pidge::cbor {

class Value;

// RFC 8949 §4.2.1: keys in the order of their encoded form, which for text keys is shorter first,
// then octet by octet.
struct KeyOrder {
    bool operator()(const std::string& a, const std::string& b) const {
        return a.size() != b.size() ? a.size() < b.size() : a < b;
    }
};
using Array = std::vector<Value>;
using Map = std::map<std::string, Value, KeyOrder>;
struct Octets {
    Bytes bytes;
    friend bool operator==(const Octets&, const Octets&) = default;
};

class Value {
 public:
    Value() : Value(std::int64_t{0}) {}
    Value(std::int64_t number) : value_(number) {}
    Value(int number) : Value(std::int64_t{number}) {}
    Value(std::uint64_t number) : Value(static_cast<std::int64_t>(number)) {}
    Value(bool truth) : value_(truth) {}
    Value(std::string text) : value_(std::move(text)) {}
    Value(std::string_view text) : Value(std::string(text)) {}
    Value(const char* text) : Value(std::string(text)) {}
    Value(Octets octets) : value_(std::move(octets)) {}
    Value(Array array);
    Value(Map map);
    // In cbor.cc, or every file that knows an audit entry would compile them.
    Value(const Value& other);
    Value(Value&& other) noexcept;
    Value& operator=(const Value& other);
    Value& operator=(Value&& other) noexcept;
    ~Value();

    const std::int64_t* number() const { return std::get_if<std::int64_t>(&value_); }
    const bool* truth() const { return std::get_if<bool>(&value_); }
    const std::string* text() const { return std::get_if<std::string>(&value_); }
    const Octets* octets() const { return std::get_if<Octets>(&value_); }
    const Array* array() const { return std::get_if<Array>(&value_); }
    const Map* map() const { return std::get_if<Map>(&value_); }

    friend bool operator==(const Value& a, const Value& b);

 private:
    std::variant<std::int64_t, bool, std::string, Octets, Array, Map> value_;
};

Bytes encode(const Value& value);
void encode_to(Bytes& out, const Value& value);

// One value from the start of `bytes`, which is moved past it; nullopt when it is not deterministic
// CBOR of the kinds above, is cut, or nests deeper than 16.
std::optional<Value> decode(std::string_view& bytes);

}  // namespace pidge::cbor
