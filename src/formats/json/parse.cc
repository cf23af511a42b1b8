#include <fmt/format.h>

#include <boost/json/basic_parser_impl.hpp>
#include <charconv>
#include <cmath>

#include "formats/json/text.h"

namespace pidge::json {

namespace {

// What the limits and RFC 7493 add to the parser's own errors.
enum class Stop : std::uint8_t { none, too_many_values, too_deep, name_twice, number_too_large };

// Receives the parser's events and builds the value. A failing event leaves its reason in `stop`.
class Builder {
 public:
    using error_code = boost::json::error_code;
    using string_view = boost::json::string_view;
    static constexpr std::size_t max_object_size = static_cast<std::size_t>(-1);
    static constexpr std::size_t max_array_size = static_cast<std::size_t>(-1);
    static constexpr std::size_t max_key_size = static_cast<std::size_t>(-1);
    static constexpr std::size_t max_string_size = static_cast<std::size_t>(-1);

    explicit Builder(std::size_t values_max, std::size_t depth_max)
        : values_left_(values_max), depth_max_(depth_max) {}

    bool on_document_begin(error_code&) { return true; }
    bool on_document_end(error_code&) { return true; }
    bool on_object_begin(error_code& error) { return open(true, error); }
    bool on_array_begin(error_code& error) { return open(false, error); }
    bool on_object_end(std::size_t, error_code& error) {
        Object object;
        if (!object.adopt(std::move(open_.back().members))) return fail(Stop::name_twice, error);
        open_.pop_back();
        return add(Value(std::move(object)));
    }
    bool on_array_end(std::size_t, error_code&) {
        Value array(std::move(open_.back().elements));
        open_.pop_back();
        return add(std::move(array));
    }
    bool on_key_part(string_view part, std::size_t, error_code&) { return take(part); }
    bool on_key(string_view part, std::size_t, error_code& error) {
        if (!count(error)) return false;
        take(part);
        open_.back().members.push_back({std::exchange(text_, {}), {}});
        return true;
    }
    bool on_string_part(string_view part, std::size_t, error_code&) { return take(part); }
    bool on_string(string_view part, std::size_t, error_code& error) {
        take(part);
        return scalar(Value(std::exchange(text_, {})), error);
    }
    bool on_number_part(string_view, error_code&) { return true; }
    bool on_int64(std::int64_t number, string_view, error_code& error) {
        return scalar(number, error);
    }
    bool on_uint64(std::uint64_t number, string_view, error_code& error) {
        return scalar(number, error);
    }
    // The parser's own double can be off by the last bit; the digits are read again, exactly.
    bool on_double(double number, string_view digits, error_code& error) {
        std::from_chars(digits.data(), digits.data() + digits.size(), number);
        if (!std::isfinite(number)) return fail(Stop::number_too_large, error);
        return scalar(number, error);
    }
    bool on_bool(bool value, error_code& error) { return scalar(value, error); }
    bool on_null(error_code& error) { return scalar(Value(), error); }
    bool on_comment_part(string_view, error_code&) { return true; }
    bool on_comment(string_view, error_code&) { return true; }

    Value release() { return std::move(root_); }
    Stop stop = Stop::none;

 private:
    struct Level {
        bool is_object;
        Array elements;
        std::vector<Member> members;
    };

    bool fail(Stop why, error_code& error) {
        stop = why;
        error = boost::json::error::exception;
        return false;
    }
    bool count(error_code& error) {
        if (values_left_ == 0) return fail(Stop::too_many_values, error);
        --values_left_;
        return true;
    }
    bool open(bool is_object, error_code& error) {
        if (open_.size() == depth_max_) return fail(Stop::too_deep, error);
        if (!count(error)) return false;
        open_.push_back({is_object, {}, {}});
        return true;
    }
    bool take(string_view part) {
        text_.append(part.data(), part.size());
        return true;
    }
    bool scalar(Value value, error_code& error) { return count(error) && add(std::move(value)); }
    bool add(Value value) {
        if (open_.empty())
            root_ = std::move(value);
        else if (open_.back().is_object)
            open_.back().members.back().value = std::move(value);
        else
            open_.back().elements.push_back(std::move(value));
        return true;
    }

    std::size_t values_left_, depth_max_;
    std::vector<Level> open_;
    std::string text_;
    Value root_;
};

std::string place(std::string_view text, std::size_t at) {
    const std::string_view before = text.substr(0, at);
    const auto line = std::ranges::count(before, '\n') + 1;
    const std::size_t line_start = before.rfind('\n') + 1;  // npos + 1 is 0
    return fmt::format("line {}, column {}", line, before.size() - line_start + 1);
}

std::string_view reason(const boost::json::error_code& error) {
    if (error == boost::json::error::incomplete) return "the text ends too early";
    if (error == boost::json::error::extra_data) return "something follows the value";
    if (error == boost::json::error::illegal_leading_surrogate ||
        error == boost::json::error::illegal_trailing_surrogate ||
        error == boost::json::error::expected_utf16_escape)
        return "an escaped surrogate stands alone";
    if (error == boost::json::error::exponent_overflow) return "the number is too large";
    return "this is no JSON";
}

}  // namespace

Result<Value> parse(std::string_view text, const Limits& limits) {
    const auto refuse = [](Refusal::Kind kind, std::string what) {
        return Refusal{.kind = kind, .text = std::move(what)};
    };
    if (text.size() > limits.size_bytes_max)
        return refuse(Refusal::Kind::limit,
                      fmt::format("The JSON text has more than {} octets.", limits.size_bytes_max));

    boost::json::parse_options options;
    options.max_depth =
        limits.depth_max + 1;  // one more than ours, so that our own check speaks first
    boost::json::basic_parser<Builder> parser(options, limits.values_max, limits.depth_max);
    boost::json::error_code error;
    const std::size_t used = parser.write_some(false, text.data(), text.size(), error);
    if (!error && used < text.size()) error = boost::json::error::extra_data;
    if (!error) return parser.handler().release();

    const std::string where = place(text, std::min(used, text.size()));
    switch (parser.handler().stop) {
        case Stop::too_many_values:
            return refuse(Refusal::Kind::limit,
                          fmt::format("{}: more than {} values.", where, limits.values_max));
        case Stop::too_deep:
            return refuse(Refusal::Kind::limit, fmt::format("{}: nested deeper than {} levels.",
                                                            where, limits.depth_max));
        case Stop::name_twice:
            return refuse(Refusal::Kind::syntax, where + ": a name stands twice in this object.");
        case Stop::number_too_large:
            return refuse(Refusal::Kind::syntax, where + ": the number is too large.");
        case Stop::none:
            break;
    }
    return refuse(Refusal::Kind::syntax, fmt::format("{}: {}.", where, reason(error)));
}

}  // namespace pidge::json
