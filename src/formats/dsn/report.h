// Delivery status notifications (RFC 3461 §6, RFC 3464, RFC 6522; RFC 6533 where an address is not
// ASCII). Pure.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/result.h"
#include "formats/address/mailbox.h"

namespace pidge::dsn {

enum class Action : std::uint8_t {
    failed,
    delayed,
    delivered,
    relayed,
    expanded
};  // RFC 3464 §2.3.3
std::string_view name_of(Action action);

struct RecipientStatus {
    std::string original_recipient;  // ORCPT, decoded: "rfc822;alice@site.example"; empty when none
                                     // was given
    std::string final_recipient;     // the address that was tried; UTF-8
    Action action = Action::failed;
    EnhancedStatus status;
    std::string remote_mta;        // the host that answered; empty: nobody was asked
    std::uint16_t reply_code = 0;  // of its answer; 0: `diagnostic` is our own
    std::string diagnostic;        // foreign text; any octets
    std::optional<WallTime> last_attempt;
    std::optional<WallTime> will_retry_until;  // delayed only
};

enum class Return : std::uint8_t { nothing, header, message };  // RFC 3461 §4.3

struct Report {
    std::string reporting_mta;                // our name
    address::Mailbox from;                    // whom people can answer: postmaster
    address::Mailbox to;                      // the sender of the message that it is about
    std::string message_id;                   // of the report, without angle brackets
    WallTime date;                            // of the report
    std::string envelope_id;                  // ENVID, decoded; empty when none was given
    std::optional<WallTime> arrival;          // when the message came to us
    std::vector<RecipientStatus> recipients;  // at least one
    Return returns = Return::header;
    std::string returned;  // octets of the message, or of its header alone
};

// The whole report as a message: canonical CRLF, no line over 998 octets, MIME that strict_verdict
// calls conform. To be sent with a null reverse path (RFC 3461 §6.1). Foreign text comes out
// printable and bounded. The action of the first recipient decides the subject; recipients of other
// kinds belong in another report.
Bytes write(const Report& report);
// Whether the message that write makes has a header that only SMTPUTF8 can carry: `to` or `from` is
// not ASCII.
bool needs_smtputf8(const Report& report);

}  // namespace pidge::dsn
