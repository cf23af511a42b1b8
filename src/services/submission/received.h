// The Received field that we put on top of each message (RFC 5321 §4.4; RFC 3848, 6531, 8314 §7.4
// for the "with" word).
#pragma once

#include <optional>
#include <string>

#include "base/clock.h"
#include "formats/address/mailbox.h"
#include "protocols/smtp/backend.h"

namespace pidge::submission {

struct TraceContext {
    const smtp::Connection& connection;
    const smtp::ClientState& client;
    std::string hostname;  // ours
    std::string node;      // which of the nodes under that name
    std::string queue_id;
    // "for": only where it gives away nobody to another.
    std::optional<address::Mailbox> only_recipient;
    bool smtputf8 = false;
    bool shows_identity = false;  // [J20] the authenticated login as a comment
    WallTime now;
};

// The whole field, folded, with its last CRLF; ASCII.
std::string received_field(const TraceContext& context);

}  // namespace pidge::submission
