// Mailbox: one address, taken apart once and never put together and taken apart again (attacks.md
// R01, G8). RFC 5321 §4.1.2, RFC 6531 §3.3. Values and pure functions; thread-safe.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "formats/address/domain.h"

namespace pidge::address {

struct Mailbox {
    std::string local_part;  // what it means: no quotes, no backslashes; UTF-8; case as written
    // Normal form (domain.h); with brackets when literal; empty only for <postmaster>.
    std::string domain;
    bool literal = false;

    // As SMTP and header fields want it: ASCII domain, local part quoted only where it must be.
    std::string text() const;
    // For people, and for hops with SMTPUTF8: the domain with U-labels.
    std::string text_utf8() const;
    // True when no hop without SMTPUTF8 can take it (RFC 6531 §3.2): the local part is not ASCII.
    bool needs_smtputf8() const;

    friend bool operator==(const Mailbox&, const Mailbox&) = default;
};

// Equal for two mailboxes that are the same but for case and composition. For looking up and
// comparing, never for sending: what we relay keeps the case it came with (RFC 5321 §2.4).
std::string key(const Mailbox& mailbox);
std::string key(std::string_view local_part, std::string_view normal_domain);

// Who the address stands for, which decides the enhanced status of a refusal (RFC 3463 §3.2).
enum class Role : std::uint8_t { recipient /* 5.1.3 */, sender /* 5.1.7 */ };

// local-part "@" ( Domain / address-literal ), the whole text and nothing but it; reply code 501.
// Beyond the grammar it refuses an empty quoted local part, and characters that steer a display.
Result<Mailbox> parse_mailbox(std::string_view text, Utf8 utf8 = Utf8::allowed,
                              Role role = Role::recipient);

// From parts that are already known to be apart (configuration, directory). Checked like
// parse_mailbox.
Result<Mailbox> make_mailbox(std::string_view local_part, std::string_view domain,
                             Utf8 utf8 = Utf8::allowed, Role role = Role::recipient);

// Dot-string when it is one, else Quoted-string.
std::string quoted_local_part(std::string_view local_part);

}  // namespace pidge::address
