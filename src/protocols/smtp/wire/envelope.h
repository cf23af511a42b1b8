// The arguments of MAIL, RCPT and BDAT (RFC 5321 §4.1.1, RFC 1870, 3030, 3461, 4954 §5, 6152,
// 6531). Pure, linear.
//
// Refusals: 501 5.5.4 for what cannot be read, 501 5.1.7 / 5.1.3 for an address, 550 5.6.7 for an
// address beyond ASCII without SMTPUTF8, 555 5.5.4 for a parameter that we do not know (RFC 5321
// §4.1.1.11).
#pragma once

#include <cstdint>
#include <string_view>

#include "base/result.h"
#include "protocols/smtp/types.h"

namespace pidge::smtp {

// argument: "FROM:<reverse-path> parameters"
Result<MailFrom> parse_mail(std::string_view argument);
// argument: "TO:<forward-path> parameters"; smtputf8: whether MAIL asked for it.
Result<RcptTo> parse_rcpt(std::string_view argument, bool smtputf8);

struct Chunk {
    std::uint64_t size_octets = 0;
    bool is_last = false;
};
// argument: "1234 [LAST]" (RFC 3030 §2). The size is plain decimal and fits 64 bits (attacks.md G3,
// F04).
Result<Chunk> parse_bdat(std::string_view argument);

}  // namespace pidge::smtp
