#include <charconv>

#include "base/text.h"
#include "formats/json/text.h"

namespace pidge::json {

namespace {

// The length of the UTF-8 character at the front of `rest`; 0 when there is none.
std::size_t character_length(std::string_view rest) {
    for (std::size_t length = 1; length <= std::min<std::size_t>(4, rest.size()); ++length)
        if (text::is_valid_utf8(rest.substr(0, length))) return length;
    return 0;
}

class Writer {
 public:
    explicit Writer(Layout layout) : pretty_(layout == Layout::pretty) {}

    void value(const Value& value) {
        switch (value.kind()) {
            case Kind::null:
                out_ += "null";
                break;
            case Kind::boolean:
                out_ += value.boolean() ? "true" : "false";
                break;
            case Kind::integer:
                number(value.integer());
                break;
            case Kind::real:
                number(value.number());
                break;
            case Kind::string:
                string(value.string());
                break;
            case Kind::array:
                array(value.array());
                break;
            case Kind::object:
                object(value.object());
                break;
        }
    }
    std::string release() {
        if (pretty_) out_ += '\n';
        return std::move(out_);
    }

 private:
    // The shortest digits that read back as the same number; a double keeps its point or exponent,
    // so that it reads back as a double.
    template <typename Number>
    void number(Number value) {
        char digits[32];
        const auto end = std::to_chars(digits, digits + sizeof digits, value).ptr;
        const std::string_view written(digits, static_cast<std::size_t>(end - digits));
        out_ += written;
        if constexpr (std::is_same_v<Number, double>)
            if (written.find_first_of(".e") == std::string_view::npos) out_ += ".0";
    }

    void string(std::string_view value) {
        out_ += '"';
        if (text::is_valid_utf8(value)) {
            for (const char c : value) character(c);
        } else {
            repaired(value);
        }
        out_ += '"';
    }

    void repaired(std::string_view value) {
        while (!value.empty()) {
            const std::size_t length = character_length(value);
            if (length == 0) out_ += "\xEF\xBF\xBD";
            for (const char c : value.substr(0, length)) character(c);
            value.remove_prefix(std::max<std::size_t>(length, 1));
        }
    }

    void character(char c) {
        static constexpr std::string_view digits = "0123456789abcdef";
        switch (c) {
            case '"':
                out_ += "\\\"";
                return;
            case '\\':
                out_ += "\\\\";
                return;
            case '\n':
                out_ += "\\n";
                return;
            case '\r':
                out_ += "\\r";
                return;
            case '\t':
                out_ += "\\t";
                return;
            default:
                break;
        }
        if (!text::is_control(c)) {
            out_ += c;
            return;
        }
        out_ += "\\u00";
        out_ += digits[static_cast<unsigned char>(c) >> 4];
        out_ += digits[static_cast<unsigned char>(c) & 15];
    }

    void line() {
        if (!pretty_) return;
        out_ += '\n';
        out_.append(2 * depth_, ' ');
    }

    void array(const Array& array) {
        out_ += '[';
        ++depth_;
        for (std::size_t i = 0; i < array.size(); ++i) {
            if (i > 0) out_ += ',';
            line();
            value(array[i]);
        }
        --depth_;
        if (!array.empty()) line();
        out_ += ']';
    }

    void object(const Object& object) {
        out_ += '{';
        ++depth_;
        for (const Member& member : object) {
            if (&member != object.begin()) out_ += ',';
            line();
            string(member.name);
            out_ += pretty_ ? ": " : ":";
            value(member.value);
        }
        --depth_;
        if (!object.empty()) line();
        out_ += '}';
    }

    bool pretty_;
    std::size_t depth_ = 0;
    std::string out_;
};

}  // namespace

std::string serialise(const Value& value, Layout layout) {
    Writer writer(layout);
    writer.value(value);
    return writer.release();
}

}  // namespace pidge::json
