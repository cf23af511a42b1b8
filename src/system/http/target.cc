#include "system/http/target.h"

#include "base/text.h"

namespace pidge::http {

namespace {

Refusal malformed(std::string_view what) {
    return Refusal{.kind = Refusal::Kind::syntax, .text = std::string(what)};
}

enum class Plus : std::uint8_t { itself, space };  // forms write a space in a query as "+"

Result<std::string> decode(std::string_view text, Plus plus) {
    std::string decoded;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '+' && plus == Plus::space) {
            decoded += ' ';
        } else if (text[i] != '%') {
            decoded += text[i];
        } else {
            const auto octet = text::from_hex(text.substr(i + 1, 2));
            if (!octet || octet->size() != 1)
                return malformed("The request's target holds a malformed escape.");
            decoded += *octet;
            i += 2;
        }
    }
    return decoded;
}

bool is_unreserved(char c) {
    return text::is_alpha(c) || text::is_digit(c) || c == '-' || c == '.' || c == '_' || c == '~';
}

void encode(std::string_view text, std::string_view kept, std::string& out) {
    for (const char c : text) {
        if (is_unreserved(c) || kept.find(c) != std::string_view::npos)
            out += c;
        else
            out += '%' + text::to_upper(text::hex({&c, 1}));
    }
}

}  // namespace

Result<Target> read_target(std::string_view target) {
    if (!target.starts_with('/')) return malformed("The request's target must be a path.");
    const std::size_t question = target.find('?');
    Target read{.path = TRY(decode(target.substr(0, question), Plus::itself)), .query = {}};
    if (read.path.find('\0') != std::string::npos)
        return malformed("The request's path holds NUL.");
    for (const std::string_view segment : text::split(read.path, '/'))
        if (segment == "." || segment == "..")
            return malformed("The request's path holds a dot segment.");
    if (question == std::string_view::npos || question + 1 == target.size()) return read;
    for (const std::string_view pair : text::split(target.substr(question + 1), '&')) {
        const std::size_t equals = pair.find('=');
        std::string name = TRY(decode(pair.substr(0, equals), Plus::space));
        std::string value;
        if (equals != std::string_view::npos)
            value = TRY(decode(pair.substr(equals + 1), Plus::space));
        read.query.emplace_back(std::move(name), std::move(value));
    }
    return read;
}

std::string write_target(const std::string& path,
                         const std::vector<std::pair<std::string, std::string>>& query) {
    std::string target;
    encode(path, "/", target);
    char separator = '?';
    for (const auto& [name, value] : query) {
        target += std::exchange(separator, '&');
        encode(name, "", target);
        target += '=';
        encode(value, "", target);
    }
    return target;
}

}  // namespace pidge::http
