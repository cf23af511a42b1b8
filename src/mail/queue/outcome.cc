#include "mail/queue/outcome.h"

#include "base/check.h"
#include "base/text.h"
#include "mail/queue/limits.h"

namespace pidge::queue {

namespace {

using Kind = RecipientResult::Kind;

std::string reply_text(const RecipientResult& result) {
    std::string text;
    if (!result.remote_host.empty()) text = result.remote_host + ": ";
    if (result.reply_code != 0) text += std::to_string(result.reply_code) + " ";
    return text::printable(text + result.text, reply_octets_max);
}

Action action_of(const Attempt& attempt, const Recipient& recipient,
                 const RecipientResult& result) {
    if (result.kind == Kind::permanent) return Action::failed;
    if (result.kind == Kind::temporary) return Action::expired;
    if (recipient.is_expanded) return Action::expanded;
    return attempt.is_final ? Action::delivered : Action::relayed;
}

// RFC 3461 §5.2.2 (e), §6.2: success is reported where the message was delivered, or handed to a
// host that will not report it.
bool wants_report(const Attempt& attempt, const Settled& settled) {
    switch (settled.action) {
        case Action::delivered:
        case Action::expanded:
            return settled.recipient.notify_success;
        case Action::relayed:
            return settled.recipient.notify_success && !attempt.passed_reports_on;
        case Action::failed:
        case Action::expired:
            return settled.recipient.wants_failure();
    }
    return false;
}

void add_reports(Outcome& outcome, const Attempt& attempt) {
    Report failure{.kind = Report::Kind::failure};
    Report success{.kind = Report::Kind::success};
    for (const Settled& settled : outcome.settled) {
        if (!wants_report(attempt, settled)) continue;
        const bool is_failure =
            settled.action == Action::failed || settled.action == Action::expired;
        (is_failure ? failure : success)
            .recipients.push_back({settled.recipient, settled.action, settled.result});
    }
    if (!failure.recipients.empty()) outcome.reports.push_back(std::move(failure));
    if (!success.recipients.empty()) outcome.reports.push_back(std::move(success));
}

}  // namespace

std::string_view action_name(Action action) {
    switch (action) {
        case Action::delivered:
            return "delivered";
        case Action::relayed:
            return "relayed";
        case Action::expanded:
            return "expanded";
        case Action::failed:
            return "failed";
        case Action::expired:
            return "expired";
    }
    return "";
}

Outcome outcome_of(const Entry& entry, const Attempt& attempt, const RetryPolicy& policy,
                   std::uint64_t random) {
    check(attempt.results.size() == entry.recipients.size(), "each recipient has a result");
    Entry next = entry;
    next.recipients.clear();
    next.attempts = entry.attempts == UINT32_MAX ? UINT32_MAX : entry.attempts + 1;
    next.waited = waited_at(entry, attempt.began);
    next.last_attempt = attempt.ended;
    const bool expired = is_expired(policy, next);

    Outcome outcome;
    Report delay{.kind = Report::Kind::delay};
    for (std::size_t i = 0; i < entry.recipients.size(); ++i) {
        const Recipient& recipient = entry.recipients[i];
        const RecipientResult& result = attempt.results[i];
        if (result.kind != Kind::temporary || expired) {
            outcome.settled.push_back({recipient, action_of(attempt, recipient, result), result});
            continue;
        }
        next.recipients.push_back(recipient);
        next.last_reply = reply_text(result);
        if (recipient.wants_delay())
            delay.recipients.push_back({recipient, Action::failed, result});
    }

    const bool can_report = entry.sender.has_value();
    if (can_report) add_reports(outcome, attempt);
    if (next.recipients.empty()) return outcome;
    if (is_delay_report_due(policy, next)) {
        // RFC 5321 §4.5.4.1: once for each message, whoever of its recipients wants to hear.
        next.delay_reported = true;
        if (can_report && !delay.recipients.empty()) outcome.reports.push_back(std::move(delay));
    }
    next.due = attempt.ended + std::chrono::duration_cast<WallTime::duration>(
                                   retry_interval(policy, next.attempts, random));
    outcome.remaining = std::move(next);
    return outcome;
}

}  // namespace pidge::queue
