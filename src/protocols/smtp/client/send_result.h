// What became of a message that was handed to a server. Plain values.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "protocols/smtp/types.h"
#include "protocols/smtp/wire/reply.h"

namespace pidge::smtp {

struct Envelope {
    MailFrom from;
    std::vector<RcptTo> recipients;  // at least one
};

struct RecipientResult {
    enum class Stage : std::uint8_t { none, mail, rcpt, data, body };  // whose reply it is
    Stage stage = Stage::none;
    std::optional<Reply> reply;  // absent: the server said nothing final about this recipient

    // The server has taken the message over for this recipient.
    bool is_accepted() const { return stage == Stage::body && reply && reply->is_positive(); }
};

struct SendResult {
    enum class Outcome : std::uint8_t {
        answered,  // each recipient has its reply
        // Nothing was said to the server, as it lacks what the message needs; the connection is as
        // good as before.
        needs_8bitmime,
        needs_binarymime,
        needs_smtputf8,
        too_large,
        // The message has a bare CR, a bare LF or a NUL and cannot leave (attacks.md F02). The
        // connection was broken off before the end of the data, so nothing was accepted.
        not_canonical,
        // The connection ended before the end of the data was sent: recipients without a reply can
        // be tried again.
        lost_before_end,
        // It ended after that and before the reply: the server may have the message or not (RFC
        // 1047). Recipients without a reply must be tried again, which may make a second copy.
        lost_after_end,
    };
    Outcome outcome = Outcome::answered;
    std::vector<RecipientResult> recipients;  // as in the envelope
    std::string trouble;                      // why it was lost; empty otherwise
    bool is_reusable = false;                 // a further message can be sent on this connection
};

}  // namespace pidge::smtp
