#include "services/submission/received.h"

#include <fmt/core.h>

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

// What the peer said of itself, made harmless for a comment or atom of a header field.
std::string harmless(std::string_view said) {
    std::string out;
    for (const char c : text::printable(said, 255))
        out += c == '(' || c == ')' || c == '\\' || c == ';' || c == ' ' || c == '"' || c == '<' ||
                       c == '>'
                   ? '_'
                   : c;
    return out.empty() ? "unknown" : out;
}

}  // namespace

std::string received_field(const TraceContext& context) {
    const smtp::ClientState& client = context.client;
    std::string field = fmt::format("Received: from {} ({})", harmless(client.helo),
                                    context.connection.remote.address.literal());
    if (client.tls)
        field += fmt::format("\r\n\t(using {} with cipher {} ({} bits))", client.tls->version,
                             client.tls->cipher, client.tls->cipher_bits);
    if (context.shows_identity && client.identity)
        field += fmt::format("\r\n\t(authenticated as {})", harmless(client.identity->login));
    field += fmt::format("\r\n\tby {} ({}) with {} id {}", context.hostname, context.node,
                         with_word(context), context.queue_id);
    if (context.only_recipient)
        field +=
            fmt::format("\r\n\tfor <{}>", context.smtputf8 ? context.only_recipient->text_utf8()
                                                           : context.only_recipient->text());
    field += fmt::format("; {}\r\n", date::text(context.now));
    return field;
}

}  // namespace pidge::submission
