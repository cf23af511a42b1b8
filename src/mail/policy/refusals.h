// The refusals of policy, in one place: reply code, enhanced status (RFC 3463), a short code that
// never changes and stands in brackets in the reply, and a sentence that tells a person what is
// wrong and what to do. docs/refusals.md is made from the table in refusals.cc.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"

namespace pidge::policy {

enum class Code : std::uint8_t {
    relay_denied,         // RLY-OPN
    sender_not_own,       // SND-OWN
    sender_unknown,       // SND-UNK
    recipient_unknown,    // RCP-UNK
    recipient_literal,    // RCP-LIT
    recipient_refused,    // RCP-REF
    recipient_guessing,   // RCP-GUE
    recipients_too_many,  // RCP-NUM
    from_missing,         // HDR-FRM
    from_ambiguous,       // HDR-AMB
    header_not_own,       // HDR-OWN
    header_unknown,       // HDR-UNK
    header_syntax,        // HDR-SYN
    header_too_large,     // HDR-BIG
    header_utf8,          // HDR-UTF
    header_duplicate,     // HDR-DUP
    mime_broken,          // MIM-BRK
    line_too_long,        // MIM-LIN
    message_too_large,    // MSG-BIG
    message_empty,        // MSG-EMP
    loop,                 // MSG-LOP
    no_space,             // SYS-FUL
    store_unavailable,    // SYS-STO
    account_blocked,      // USR-BLK
    credentials_wrong,    // USR-CRD
    too_many_failures,    // USR-TRY
    account_guessed,      // USR-GUE
    sends_too_much,       // USR-FLD
    host_unnamed,         // HST-PTR
    host_name_unknown,    // HST-DNS
    busy,                 // SYS-BSY
};

struct CodeInfo {
    Code code;
    std::string_view text;  // "SND-OWN"
    std::uint16_t reply_code;
    EnhancedStatus status;
    Refusal::Kind kind;
    std::string_view meaning;  // for the page that explains it
    std::string_view mend;     // what the sender, or the administrator, can do
};
std::span<const CodeInfo> codes();

// `detail` names what was found: an address, a field. It is shown to the peer as it is, so it must
// be printable.
Refusal refuse(Code code, std::string detail = {});

}  // namespace pidge::policy
