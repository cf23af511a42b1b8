#include "services/submission/received.h"

#include <fmt/core.h>

#include <algorithm>

#include "base/text.h"
#include "formats/date/date.h"

namespace pidge::submission {

namespace {

// RFC 3848; RFC 6531 §4.3 for the UTF8 forms.
std::string with_word(const TraceContext& context) {
    std::string word = context.smtputf8             ? "UTF8SMTP"
                       : context.client.is_extended ? "ESMTP"
                                                    : "SMTP";
    if (context.client.is_extended || context.smtputf8) {
        if (context.client.tls) word += 'S';
        if (context.client.identity) word += 'A';
    }
    return word;
}

constexpr bool is_ascii(std::string_view text) {
    return std::ranges::all_of(text, [](unsigned char c) { return c < 128; });
}

// Extended-Domain   (RFC 5321 §4.4). The field is ASCII whatever the message is: UTF-8 of ours
// would keep it from hosts that could take the rest. What a peer says that is no name stands in the
// audit trail, and its address in the field.
std::string name_said(const std::string& helo) {
    if (helo.starts_with('[')) return address::normal_literal(helo) ? helo : "unknown";
    const auto domain = address::normal_domain(helo);
    if (!domain) return "unknown";
    return is_ascii(helo) ? helo : *domain;
}

// A login made harmless for a comment.
std::string harmless(std::string_view login) {
    std::string out;
    for (const char c : login.substr(0, 255))
        out += text::is_control(c) || !is_ascii({&c, 1}) ||
                       std::string_view(" ()\\\"<>;").find(c) != std::string_view::npos
                   ? '_'
                   : c;
    return out;
}

}  // namespace

std::string received_field(const TraceContext& context) {
    const smtp::ClientState& client = context.client;
    std::string field = fmt::format("Received: from {} ({})", name_said(client.helo),
                                    context.connection.remote.address.literal());
    if (client.tls)
        field += fmt::format("\r\n\t(using {} with cipher {} ({} bits))", client.tls->version,
                             client.tls->cipher, client.tls->cipher_bits);
    if (context.shows_identity && client.identity)
        field += fmt::format("\r\n\t(authenticated as {})", harmless(client.identity->login));
    field += fmt::format("\r\n\tby {} ({}) with {} id {}", context.hostname, context.node,
                         with_word(context), context.queue_id);
    // Left out where it is not ASCII, for the same reason.
    if (context.only_recipient && !context.only_recipient->needs_smtputf8())
        field += fmt::format("\r\n\tfor <{}>", context.only_recipient->text());
    field += fmt::format("; {}\r\n", date::text(context.now));
    return field;
}

}  // namespace pidge::submission
