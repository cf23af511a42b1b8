#include "protocols/smtp/wire/command.h"

#include <array>

#include "base/text.h"
#include "protocols/smtp/limits.h"

namespace pidge::smtp {
namespace {

struct Name {
    std::string_view word;
    Verb verb;
};
constexpr std::array names = {
    Name{"MAIL", Verb::mail}, Name{"RCPT", Verb::rcpt},         Name{"DATA", Verb::data},
    Name{"BDAT", Verb::bdat}, Name{"EHLO", Verb::ehlo},         Name{"HELO", Verb::helo},
    Name{"RSET", Verb::rset}, Name{"NOOP", Verb::noop},         Name{"QUIT", Verb::quit},
    Name{"VRFY", Verb::vrfy}, Name{"EXPN", Verb::expn},         Name{"HELP", Verb::help},
    Name{"AUTH", Verb::auth}, Name{"STARTTLS", Verb::starttls},
};
// RFC 9110 §9.3, RFC 5789, and the preface of RFC 9113 §3.4.
constexpr std::array<std::string_view, 10> http_methods = {
    "GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH", "PRI"};

// esmtp-keyword = (ALPHA / DIGIT) *(ALPHA / DIGIT / "-")
bool is_keyword(std::string_view text) {
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text::is_alpha(text[i]) || text::is_digit(text[i])) continue;
        if (text[i] != '-' || i == 0) return false;
    }
    return !text.empty();
}

// esmtp-value = 1*(%d33-60 / %d62-126 / UTF8-non-ascii)
bool is_value(std::string_view text) {
    for (const char c : text)
        if (c == '=' || c == ' ' || text::is_control(c)) return false;
    return !text.empty();
}

}  // namespace

Verb verb_of(std::string_view word) {
    for (const Name& name : names)
        if (text::iequals(word, name.word)) return name.verb;
    for (const std::string_view method : http_methods)
        if (text::iequals(word, method)) return Verb::http;
    return Verb::unknown;
}

std::string_view name_of(Verb verb) {
    for (const Name& name : names)
        if (name.verb == verb) return name.word;
    return verb == Verb::http ? "http" : "unknown";
}

Refusal bad_argument(std::string_view text) {
    return {.kind = Refusal::Kind::syntax,
            .text = std::string(text),
            .status = {5, 5, 4},
            .reply_code = 501};
}

Result<Command> parse_command(std::string_view line) {
    for (const char c : line)
        if (text::is_control(c))
            return bad_argument("A command must not contain control characters");
    Command command;
    const std::size_t word_end = std::min(line.find(' '), line.size());
    command.verb = verb_of(line.substr(0, word_end));
    line.remove_prefix(std::min(word_end + 1, line.size()));
    // RFC 5321 §4.1.1: white space before the CR LF is tolerated.
    while (line.ends_with(' ')) line.remove_suffix(1);
    command.argument = line;
    return command;
}

Result<std::vector<Parameter>> parse_parameters(std::string_view text) {
    std::vector<Parameter> parameters;
    while (!text.empty()) {
        const std::size_t end = std::min(text.find(' '), text.size());
        const std::string_view word = text.substr(0, end);
        text.remove_prefix(std::min(end + 1, text.size()));
        if (word.empty()) continue;  // more spaces than one do no harm
        const std::size_t equals = word.find('=');
        Parameter parameter{.keyword = word.substr(0, equals)};
        if (equals != std::string_view::npos) parameter.value = word.substr(equals + 1);
        if (!is_keyword(parameter.keyword) || (parameter.value && !is_value(*parameter.value)))
            return bad_argument("A parameter cannot be read");
        for (const Parameter& other : parameters)
            if (text::iequals(other.keyword, parameter.keyword))
                return bad_argument("A parameter is given twice");
        if (parameters.size() == limits::parameters_max) return bad_argument("Too many parameters");
        parameters.push_back(parameter);
    }
    return parameters;
}

}  // namespace pidge::smtp
