#include "protocols/smtp/wire/reply_reader.h"

#include "base/text.h"
#include "protocols/smtp/limits.h"
#include "protocols/smtp/wire/scan.h"

namespace pidge::smtp {
namespace {

// 1*3digit without a needless zero in front (RFC 3463 §2).
std::optional<std::uint16_t> read_number(std::string_view& text) {
    std::size_t size = 0;
    std::uint16_t number = 0;
    while (size < text.size() && size < 4 && text::is_digit(text[size]))
        number = static_cast<std::uint16_t>(number * 10 + (text[size++] - '0'));
    if (size == 0 || size > 3 || (size > 1 && text[0] == '0')) return std::nullopt;
    text.remove_prefix(size);
    return number;
}

bool is_code(std::string_view text) {
    return text.size() >= 3 && text[0] >= '2' && text[0] <= '5' && text::is_digit(text[1]) &&
           text::is_digit(text[2]);
}

}  // namespace

std::optional<EnhancedStatus> read_enhanced_status(std::string_view& text) {
    std::string_view rest = text;
    const auto klass = read_number(rest);
    if (!klass || (*klass != 2 && *klass != 4 && *klass != 5) || !rest.starts_with('.'))
        return std::nullopt;
    rest.remove_prefix(1);
    const auto subject = read_number(rest);
    if (!subject || !rest.starts_with('.')) return std::nullopt;
    rest.remove_prefix(1);
    const auto detail = read_number(rest);
    if (!detail || (!rest.empty() && rest[0] != ' ')) return std::nullopt;
    text = rest.substr(rest.empty() ? 0 : 1);
    return EnhancedStatus{static_cast<std::uint8_t>(*klass), *subject, *detail};
}

ReplyReader::Status ReplyReader::fail(std::string_view fault) {
    fault_ = fault;
    line_.clear();
    return Status::malformed;
}

ReplyReader::Status ReplyReader::feed(std::string_view& in) {
    if (!fault_.empty()) return Status::malformed;
    while (!in.empty()) {
        if (line_.ends_with('\r')) {
            if (in[0] != '\n') return fail("a CR without LF in a reply");
            in.remove_prefix(1);
            line_.pop_back();
            const Status status = finish_line();
            if (status != Status::incomplete) return status;
            continue;
        }
        const std::size_t end = find_line_octet(in, 0);
        if (line_.size() + end + 2 > limits::reply_line_octets)
            return fail("a line of a reply is too long");
        line_.append(in, 0, end);
        in.remove_prefix(end);
        if (in.empty()) break;
        if (in[0] == '\n') return fail("an LF without CR in a reply");
        // A NUL is only text, however odd; it will be shown by its number.
        line_ += in[0];
        in.remove_prefix(1);
    }
    return Status::incomplete;
}

ReplyReader::Status ReplyReader::finish_line() {
    std::string line = std::move(line_);
    line_.clear();
    octets_ += line.size() + 2;
    if (octets_ > limits::reply_octets_max) return fail("a reply is too long");
    if (++lines_ > limits::reply_lines_max) return fail("a reply has too many lines");
    if (!is_code(line)) return fail("a reply without a code");
    // RFC 5321 §4.2: code, then SP or "-", or nothing at all.
    if (line.size() > 3 && line[3] != ' ' && line[3] != '-') return fail("a reply without a code");
    const auto code =
        static_cast<std::uint16_t>((line[0] - '0') * 100 + (line[1] - '0') * 10 + (line[2] - '0'));
    if (lines_ > 1 && code != reply_.code) return fail("the lines of a reply have different codes");
    std::string_view text = std::string_view(line).substr(std::min<std::size_t>(4, line.size()));
    std::string_view rest = text;
    const auto status = read_enhanced_status(rest);
    if (status && status->klass == code / 100 && (lines_ == 1 || reply_.status == status)) {
        reply_.status = status;
        text = rest;
    }
    reply_.code = code;
    reply_.lines.push_back(text::printable(text, limits::reply_line_octets));
    return line.size() > 3 && line[3] == '-' ? Status::incomplete : Status::reply;
}

Reply ReplyReader::take() {
    lines_ = octets_ = 0;
    return std::exchange(reply_, Reply{});
}

}  // namespace pidge::smtp
