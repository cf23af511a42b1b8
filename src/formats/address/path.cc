#include "formats/address/path.h"

#include "formats/address/limits.h"
#include "formats/address/syntax.h"
#include "formats/unicode/fold.h"

namespace pidge::address {

namespace {

bool take(std::string_view& in, char c) {
    if (!in.starts_with(c)) return false;
    in.remove_prefix(1);
    return true;
}

// qtextSMTP = %d32-33 / %d35-91 / %d93-126;  quoted-pairSMTP = "\" %d32-126;  RFC 6531 adds
// UTF8-non-ascii to qtext.
Result<std::string> read_quoted(std::string_view& in, Role role) {
    std::string content;
    in.remove_prefix(1);
    for (;;) {
        if (in.empty()) return address_refusal(role, "The quoted local part has no closing quote.");
        char c = in.front();
        in.remove_prefix(1);
        if (c == '"') break;
        if (c == '\\') {
            if (in.empty() || is_non_ascii(in.front()))
                return address_refusal(role,
                                       "A backslash stands before nothing that it could quote.");
            c = in.front();
            in.remove_prefix(1);
        }
        if (text::is_control(c))
            return address_refusal(role, "The local part holds a control character.");
        content += c;
        if (content.size() > local_part_octets_max)
            return address_refusal(role, "The local part is longer than 64 octets.");
    }
    // The grammar lets "" through; no mailbox has that name (attacks.md R04).
    if (content.empty()) return address_refusal(role, "The local part is empty.");
    return content;
}

Result<std::string> read_local_part(std::string_view& in, Role role) {
    if (in.starts_with('"')) return read_quoted(in, role);
    std::size_t end = 0;
    while (end < in.size() && (is_atext(in[end]) || in[end] == '.')) ++end;
    const std::string_view word = in.substr(0, end);
    in.remove_prefix(end);
    if (word.empty()) return address_refusal(role, "The local part is missing.");
    if (!is_dot_string(word))
        return address_refusal(role, "The local part has a dot at an end, or two together.");
    return std::string(word);
}

Result<std::string> read_domain(std::string_view& in, Utf8 utf8, Role role) {
    if (in.starts_with('[')) {
        const auto end = in.find(']');
        if (end == in.npos)
            return address_refusal(role, "The address literal has no closing bracket.");
        auto literal = normal_literal(in.substr(0, end + 1));
        if (!literal) return address_refusal(role, std::move(literal.error().text));
        in.remove_prefix(end + 1);
        return literal;
    }
    const auto belongs = [](char c) {
        return text::is_alpha(c) || text::is_digit(c) || c == '-' || c == '.' || c == '_' ||
               is_non_ascii(c);
    };
    std::size_t end = 0;
    while (end < in.size() && belongs(in[end])) ++end;
    auto domain = normal_domain(in.substr(0, end), utf8);
    in.remove_prefix(end);
    if (domain) return domain;
    Refusal refusal = address_refusal(role, std::move(domain.error().text));
    if (domain.error().reply_code != 0) {
        refusal.status = domain.error().status;
        refusal.reply_code = domain.error().reply_code;
    }
    return refusal;
}

Result<void> check_characters(const Mailbox& mailbox, Utf8 utf8, Role role) {
    if (quoted_local_part(mailbox.local_part).size() > local_part_octets_max)
        return address_refusal(role, "The local part is longer than 64 octets.");
    if (mailbox.needs_smtputf8() && utf8 == Utf8::refused) {
        Refusal refusal =
            address_refusal(role, "The local part is not ASCII, and SMTPUTF8 was not asked for.");
        refusal.status = {5, 6, 7};
        refusal.reply_code = 550;
        return refusal;
    }
    if (unicode::has_steering(mailbox.local_part))
        return address_refusal(role, "The local part holds a character that is not text.");
    return {};
}

// A-d-l = At-domain *( "," At-domain ), then ":". Read for its grammar and thrown away.
Result<Route> read_route(std::string_view& in, Utf8 utf8, Role role) {
    if (!in.starts_with('@')) return Route::direct;
    for (std::size_t count = 0; count < route_domains_max; ++count) {
        if (!take(in, '@')) return address_refusal(role, "The source route is broken.");
        TRY(read_domain(in, utf8, role));
        if (take(in, ':')) return Route::source;
        if (!take(in, ',')) return address_refusal(role, "The source route is broken.");
    }
    return address_refusal(role, "The source route is too long.");
}

}  // namespace

Refusal address_refusal(Role role, std::string text) {
    return {.kind = Refusal::Kind::syntax,
            .text = std::move(text),
            .status = role == Role::recipient ? EnhancedStatus{5, 1, 3} : EnhancedStatus{5, 1, 7},
            .reply_code = 501};
}

Result<Mailbox> read_mailbox(std::string_view& in, Utf8 utf8, Role role) {
    Mailbox mailbox;
    mailbox.local_part = TRY(read_local_part(in, role));
    TRY(check_characters(mailbox, utf8, role));
    if (!take(in, '@')) return address_refusal(role, "The address has no domain.");
    mailbox.literal = in.starts_with('[');
    mailbox.domain = TRY(read_domain(in, utf8, role));
    if (mailbox.text().size() > mailbox_octets_max)
        return address_refusal(role, "The address is longer than 254 octets.");
    return mailbox;
}

Result<ReversePath> read_reverse_path(std::string_view& in, Utf8 utf8) {
    if (!take(in, '<'))
        return address_refusal(Role::sender, "The address stands in angle brackets.");
    ReversePath path;
    if (take(in, '>')) return path;
    path.route = TRY(read_route(in, utf8, Role::sender));
    path.mailbox = TRY(read_mailbox(in, utf8, Role::sender));
    if (!take(in, '>'))
        return address_refusal(Role::sender, "A character stands where the address ends.");
    return path;
}

Result<ForwardPath> read_forward_path(std::string_view& in, Utf8 utf8) {
    if (!take(in, '<'))
        return address_refusal(Role::recipient, "The address stands in angle brackets.");
    ForwardPath path;
    constexpr std::string_view postmaster = "postmaster>";
    if (text::istarts_with(in, postmaster)) {
        path.mailbox.local_part = in.substr(0, postmaster.size() - 1);
        in.remove_prefix(postmaster.size());
        return path;
    }
    path.route = TRY(read_route(in, utf8, Role::recipient));
    path.mailbox = TRY(read_mailbox(in, utf8, Role::recipient));
    if (!take(in, '>'))
        return address_refusal(Role::recipient, "A character stands where the address ends.");
    return path;
}

}  // namespace pidge::address
