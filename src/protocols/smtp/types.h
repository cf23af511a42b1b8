// The envelope of a message, as MAIL and RCPT say it; shared by server and client. Plain values.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "formats/address/mailbox.h"

namespace pidge::smtp {

enum class BodyType : std::uint8_t { seven_bit, eight_bit, binary };  // RFC 6152, RFC 3030

struct MailFrom {
    std::optional<address::Mailbox> sender;   // nullopt: the null reverse-path
    std::optional<std::uint64_t> size_bytes;  // SIZE= (RFC 1870)
    BodyType body = BodyType::seven_bit;
    bool smtputf8 = false;    // RFC 6531
    std::string envelope_id;  // ENVID=, decoded (RFC 3461 §4.4)
    enum class Return : std::uint8_t { unspecified, full, headers } ret = Return::unspecified;
    std::string auth;  // AUTH=, decoded; "<>" for none (RFC 4954 §5)
};

struct RcptTo {
    address::Mailbox recipient;  // domain empty: the bare "postmaster"
    struct Notify {              // RFC 3461 §4.1
        bool is_given = false, success = false, failure = false,
             delay = false;  // all false and given: NEVER
    } notify;
    std::string original_recipient;  // ORCPT=, "rfc822;…" with its address decoded
};

}  // namespace pidge::smtp
