#include "protocols/smtp/wire/reply.h"

#include "base/check.h"
#include "base/text.h"

namespace pidge::smtp {
namespace {

struct Default {
    std::uint16_t code_permanent, code_temporary;
    EnhancedStatus status;
};

// What a kind of refusal is in SMTP when nothing nearer was said.
Default default_of(Refusal::Kind kind) {
    switch (kind) {
        case Refusal::Kind::syntax:
            return {501, 450, {5, 5, 4}};
        case Refusal::Kind::sequence:
            return {503, 450, {5, 5, 1}};
        case Refusal::Kind::unsupported:
            return {504, 450, {5, 5, 4}};
        case Refusal::Kind::policy:
            return {550, 450, {5, 7, 1}};
        case Refusal::Kind::not_found:
            return {550, 450, {5, 1, 1}};
        case Refusal::Kind::conflict:
            return {554, 451, {5, 5, 0}};
        case Refusal::Kind::limit:
            return {552, 452, {4, 5, 3}};
        case Refusal::Kind::credentials:
            return {535, 454, {5, 7, 8}};
        case Refusal::Kind::temporary:
            return {554, 451, {4, 3, 0}};
    }
    return {554, 451, {5, 5, 0}};
}

// RFC 5321 §4.5.3.1.5: 512 with code, status and CR LF.
constexpr std::size_t text_octets_max = 512 - 4 - 10 - 2;

// RFC 5321 §4.2: HT and %d32-126. Anything else is shown by its number (attacks.md G12).
void append_fit(std::string& out, std::string_view text) {
    constexpr std::string_view digits = "0123456789abcdef";
    std::size_t room = text_octets_max;
    for (const char c : text) {
        const auto octet = static_cast<unsigned char>(c);
        const bool is_fit = octet >= 32 && octet < 127;
        const std::size_t needed = is_fit ? 1 : 4;
        if (needed > room) return;
        room -= needed;
        if (is_fit)
            out += c;
        else
            (out += "\\x") += {digits[octet >> 4], digits[octet & 15]};
    }
}

void append_line(std::string& out, std::uint16_t code, bool is_last,
                 const std::optional<EnhancedStatus>& status, std::string_view text) {
    const char head[4] = {static_cast<char>('0' + code / 100),
                          static_cast<char>('0' + code / 10 % 10),
                          static_cast<char>('0' + code % 10), is_last ? ' ' : '-'};
    out.append(head, 4);
    if (status) (out += status->text()) += ' ';
    append_fit(out, text);
    out += "\r\n";
}

}  // namespace

std::string Reply::text() const {
    return text::join(lines, " ");
}

std::string Reply::printable() const {
    std::string out = std::to_string(code);
    if (status) (out += ' ') += status->text();
    return (out += ' ') += text::printable(text());
}

Reply reply_of(const Refusal& refusal) {
    const Default fallback = default_of(refusal.kind);
    const bool is_stated = refusal.status != EnhancedStatus{5, 0, 0};
    EnhancedStatus status = is_stated ? refusal.status : fallback.status;
    std::uint16_t code = refusal.reply_code;
    if (code < 400 || code > 599)
        code = status.klass == 4 ? fallback.code_temporary : fallback.code_permanent;
    status.klass = static_cast<std::uint8_t>(code / 100);  // RFC 2034 §4: they must agree
    Reply reply{.code = code, .status = status, .lines = {}};
    std::string text =
        refusal.code.empty() ? refusal.text : "[" + refusal.code + "] " + refusal.text;
    if (text.empty()) text = "Refused";
    for (const std::string_view line : text::split(text, '\n')) reply.lines.emplace_back(line);
    return reply;
}

void append_reply(std::string& out, std::uint16_t code, std::optional<EnhancedStatus> status,
                  std::string_view text) {
    check(code >= 200 && code <= 599, "a reply code");
    for (;;) {
        const std::size_t end = text.find('\n');
        const bool is_last = end == std::string_view::npos;
        append_line(out, code, is_last, status, text.substr(0, end));
        if (is_last) return;
        text.remove_prefix(end + 1);
    }
}

void append_reply(std::string& out, const Reply& reply) {
    check(!reply.lines.empty(), "a reply has a line");
    for (std::size_t i = 0; i < reply.lines.size(); ++i)
        append_line(out, reply.code, i + 1 == reply.lines.size(), reply.status, reply.lines[i]);
}

}  // namespace pidge::smtp
