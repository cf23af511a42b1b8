#include "formats/cbor/cbor.h"

#include "base/text.h"

namespace pidge::cbor {

Value::Value(Array array) : value_(std::move(array)) {}
Value::Value(Map map) : value_(std::move(map)) {}
Value::Value(const Value& other) = default;
Value::Value(Value&& other) noexcept = default;
Value& Value::operator=(const Value& other) = default;
Value& Value::operator=(Value&& other) noexcept = default;
Value::~Value() = default;
bool operator==(const Value& a, const Value& b) {
    return a.value_ == b.value_;
}

namespace {

enum Major : std::uint8_t {
    positive = 0,
    negative = 1,
    octets = 2,
    text = 3,
    array = 4,
    map = 5,
    simple = 7
};
constexpr std::uint64_t simple_false = 20, simple_true = 21;
constexpr int depth_max = 16;

void head(Bytes& out, Major major, std::uint64_t argument) {
    const int extra = argument < 24            ? 0
                      : argument < 0x100       ? 1
                      : argument < 0x10000     ? 2
                      : argument < 0x100000000 ? 4
                                               : 8;
    const std::uint8_t low = extra == 0   ? static_cast<std::uint8_t>(argument)
                             : extra == 1 ? 24
                             : extra == 2 ? 25
                             : extra == 4 ? 26
                                          : 27;
    out += static_cast<char>(major << 5 | low);
    for (int i = extra - 1; i >= 0; --i) out += static_cast<char>(argument >> (8 * i));
}

class Decoder {
 public:
    explicit Decoder(std::string_view& bytes) : bytes_(bytes) {}

    std::optional<Value> value(int depth) {
        Major major{};
        std::uint64_t argument = 0;
        if (depth > depth_max || !head(major, argument)) return std::nullopt;
        switch (major) {
            case positive:
                if (argument > INT64_MAX) return std::nullopt;
                return Value(static_cast<std::int64_t>(argument));
            case negative:
                if (argument > INT64_MAX) return std::nullopt;
                return Value(-1 - static_cast<std::int64_t>(argument));
            case octets:
            case text:
                return string(major, argument);
            case array:
                return elements(argument, depth);
            case map:
                return members(argument, depth);
            case simple:
                if (argument == simple_true) return Value(true);
                if (argument == simple_false) return Value(false);
                return std::nullopt;
        }
        return std::nullopt;
    }

 private:
    bool head(Major& major, std::uint64_t& argument) {
        if (bytes_.empty()) return false;
        const auto first = static_cast<unsigned char>(bytes_.front());
        bytes_.remove_prefix(1);
        major = static_cast<Major>(first >> 5);
        const unsigned low = first & 31;
        if (low < 24) {
            argument = low;
            return major != 6;
        }
        if (low > 27 || major == simple || major == 6) return false;
        const std::size_t extra = std::size_t{1} << (low - 24);
        if (bytes_.size() < extra) return false;
        argument = 0;
        for (std::size_t i = 0; i < extra; ++i)
            argument = argument << 8 | static_cast<unsigned char>(bytes_[i]);
        bytes_.remove_prefix(extra);
        // Only the shortest form is deterministic.
        const std::uint64_t least = extra == 1 ? 24 : std::uint64_t{1} << (4 * extra);
        return argument >= least;
    }

    std::optional<Value> string(Major major, std::uint64_t length) {
        if (length > bytes_.size()) return std::nullopt;
        std::string content(bytes_.substr(0, length));
        bytes_.remove_prefix(length);
        if (major == octets) return Value(Octets{std::move(content)});
        if (!pidge::text::is_valid_utf8(content)) return std::nullopt;
        return Value(std::move(content));
    }

    std::optional<Value> elements(std::uint64_t count, int depth) {
        if (count > bytes_.size()) return std::nullopt;
        Array result;
        for (std::uint64_t i = 0; i < count; ++i) {
            auto element = value(depth + 1);
            if (!element) return std::nullopt;
            result.push_back(*std::move(element));
        }
        return Value(std::move(result));
    }

    std::optional<Value> members(std::uint64_t count, int depth) {
        if (count > bytes_.size()) return std::nullopt;
        Map result;
        for (std::uint64_t i = 0; i < count; ++i) {
            const auto key = value(depth + 1);
            if (!key || !key->text()) return std::nullopt;
            if (!result.empty() && !KeyOrder{}(result.rbegin()->first, *key->text()))
                return std::nullopt;
            auto member = value(depth + 1);
            if (!member) return std::nullopt;
            result.emplace_hint(result.end(), *key->text(), *std::move(member));
        }
        return Value(std::move(result));
    }

    std::string_view& bytes_;
};

}  // namespace

void encode_to(Bytes& out, const Value& value) {
    if (const auto* number = value.number()) {
        head(out, *number < 0 ? negative : positive,
             *number < 0 ? static_cast<std::uint64_t>(-1 - *number)
                         : static_cast<std::uint64_t>(*number));
    } else if (const auto* truth = value.truth()) {
        head(out, simple, *truth ? simple_true : simple_false);
    } else if (const auto* content = value.text()) {
        // RFC 8949 §3.1: text is UTF-8. What a peer sent may not be; it is kept readable, not byte
        // for byte.
        const std::string shown = pidge::text::is_valid_utf8(*content)
                                      ? *content
                                      : pidge::text::printable(*content, content->size());
        head(out, text, shown.size());
        out += shown;
    } else if (const auto* raw = value.octets()) {
        head(out, octets, raw->bytes.size());
        out += raw->bytes;
    } else if (const auto* elements = value.array()) {
        head(out, array, elements->size());
        for (const Value& element : *elements) encode_to(out, element);
    } else if (const auto* members = value.map()) {
        head(out, map, members->size());
        for (const auto& [key, member] : *members) {
            encode_to(out, Value(key));
            encode_to(out, member);
        }
    }
}

Bytes encode(const Value& value) {
    Bytes out;
    encode_to(out, value);
    return out;
}

std::optional<Value> decode(std::string_view& bytes) {
    return Decoder(bytes).value(0);
}

}  // namespace pidge::cbor
