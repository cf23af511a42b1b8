#include "formats/address/mailbox.h"

#include "formats/address/limits.h"
#include "formats/address/path.h"
#include "formats/address/syntax.h"
#include "formats/unicode/fold.h"

namespace pidge::address {

std::string quoted_local_part(std::string_view local_part) {
    if (is_dot_string(local_part)) return std::string(local_part);
    std::string out = "\"";
    for (const char c : local_part) {
        if (c == '"' || c == '\\') out += '\\';
        out += c;
    }
    return out + "\"";
}

std::string Mailbox::text() const {
    std::string out = quoted_local_part(local_part);
    if (!domain.empty()) out += "@" + domain;
    return out;
}

std::string Mailbox::text_utf8() const {
    if (literal || domain.empty()) return text();
    return quoted_local_part(local_part) + "@" + display_domain(domain);
}

bool Mailbox::needs_smtputf8() const {
    return std::any_of(local_part.begin(), local_part.end(), is_non_ascii);
}

std::string key(std::string_view local_part, std::string_view normal_domain) {
    return unicode::folded(local_part) + "@" + std::string(normal_domain);
}

std::string key(const Mailbox& mailbox) {
    return key(mailbox.local_part, mailbox.domain);
}

Result<Mailbox> parse_mailbox(std::string_view text, Utf8 utf8, Role role) {
    std::string_view rest = text;
    Mailbox mailbox = TRY(read_mailbox(rest, utf8, role));
    if (!rest.empty()) return address_refusal(role, "There is text after the address.");
    return mailbox;
}

Result<Mailbox> make_mailbox(std::string_view local_part, std::string_view domain, Utf8 utf8,
                             Role role) {
    return parse_mailbox(quoted_local_part(local_part) + "@" + std::string(domain), utf8, role);
}

}  // namespace pidge::address
