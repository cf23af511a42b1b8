// What an attempt comes to: which recipients are settled and how, what stays for later, which
// reports the sender is owed. Pure.
//
//   delivered / relayed            the other side has taken the responsibility
//   failed                         a permanent answer
//   expired                        a temporary answer, and it has been tried for long enough
//   (open)                         a temporary answer: stays in the entry
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "mail/queue/backoff.h"
#include "mail/queue/entry.h"

namespace pidge::queue {

// What became of one recipient in one attempt.
struct RecipientResult {
    enum class Kind : std::uint8_t {
        accepted,   // the other side has it
        temporary,  // not now
        permanent,  // never
    };
    Kind kind = Kind::temporary;
    std::uint16_t reply_code = 0;  // of the other side; 0: the verdict is our own
    EnhancedStatus status{4, 0, 0};
    std::string text;         // why, for a person: printable, without line ends
    std::string remote_host;  // that said so; empty: nobody was asked
    // That it gave with its code; `status` agrees with what the answer comes to.
    std::optional<EnhancedStatus> reply_status = {};

    friend bool operator==(const RecipientResult&, const RecipientResult&) = default;
};

struct Attempt {
    WallTime began;
    WallTime ended;
    std::vector<RecipientResult> results;  // one for each recipient of the entry, in order
    // The other side speaks RFC 3461 and was told what is to be reported: what follows is its
    // business.
    bool passed_reports_on = false;
    bool is_final = false;  // it was put into the mailbox (LMTP), not handed to another relay
};

enum class Action : std::uint8_t { delivered, relayed, expanded, failed, expired };
std::string_view action_name(Action action);

struct Settled {
    Recipient recipient;
    Action action = Action::relayed;
    RecipientResult result;
};

// A report that is due, with the recipients that it speaks of (RFC 3461 §5.2, §6).
struct Report {
    enum class Kind : std::uint8_t { failure, delay, success } kind = Kind::failure;
    struct Of {
        Recipient recipient;
        Action action = Action::failed;  // of no meaning in a delay report
        RecipientResult result;
    };
    std::vector<Of> recipients;
};

struct Outcome {
    std::vector<Settled> settled;
    std::optional<Entry> remaining;  // scheduled; nullopt: every recipient is settled
    std::vector<Report> reports;     // empty for a message with the null reverse-path
};

// `random` decides the jitter of the next attempt.
Outcome outcome_of(const Entry& entry, const Attempt& attempt, const RetryPolicy& policy,
                   std::uint64_t random);

}  // namespace pidge::queue
