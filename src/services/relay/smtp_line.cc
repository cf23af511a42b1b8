#include "services/relay/smtp_line.h"

#include <algorithm>

#include "base/text.h"
#include "services/relay/downgrade.h"
#include "services/relay/limits.h"

namespace pidge::relay {

namespace {

using Kind = queue::RecipientResult::Kind;
using Outcome = smtp::SendResult::Outcome;
using Stage = smtp::RecipientResult::Stage;

smtp::RcptTo recipient_of(const queue::Recipient& recipient) {
    return {.recipient = recipient.address,
            .notify = {.is_given = recipient.notify_given,
                       .success = recipient.notify_success,
                       .failure = recipient.notify_failure,
                       .delay = recipient.notify_delay},
            .original_recipient = recipient.original};
}

smtp::MailFrom::Return ret_of(queue::Return ret) {
    using To = smtp::MailFrom::Return;
    switch (ret) {
        case queue::Return::full:
            return To::full;
        case queue::Return::headers:
            return To::headers;
        case queue::Return::unspecified:
            break;
    }
    return To::unspecified;
}

smtp::Envelope envelope_of(const queue::Entry& entry, LineKind kind, smtp::BodyType body,
                           std::size_t first, std::size_t count) {
    smtp::Envelope envelope;
    envelope.from = {.sender = entry.sender,
                     .body = body,
                     .smtputf8 = entry.smtputf8,
                     .envelope_id = entry.envelope_id};
    envelope.from.ret = ret_of(entry.ret);
    for (std::size_t i = first; i < first + count; ++i) {
        envelope.recipients.push_back(recipient_of(entry.recipients[i]));
        // RFC 3461 §5.2.3 (a): what LMTP takes is delivered, and it is we who say so; a store that
        // was asked as well would say it again.
        if (kind == LineKind::lmtp) envelope.recipients.back().notify.success = false;
    }
    return envelope;
}

queue::RecipientResult answered(const smtp::RecipientResult& recipient, const std::string& host) {
    const smtp::Reply& reply = *recipient.reply;
    queue::RecipientResult result{.kind = Kind::temporary,
                                  .reply_code = reply.code,
                                  .text = text::printable(reply.text(), limits::reply_octets),
                                  .remote_host = host,
                                  .reply_status = reply.status};
    if (recipient.is_accepted())
        result.kind = Kind::accepted;
    else if (reply.is_permanent())
        result.kind = Kind::permanent;
    // RFC 5321 §4.5.3.1.10: 552 to RCPT means too many recipients, unless it says what else.
    const bool says_else = reply.status && !(*reply.status == EnhancedStatus{5, 5, 3});
    if (recipient.stage == Stage::rcpt && reply.code == 552 && !says_else)
        result.kind = Kind::temporary;
    const std::uint8_t klass = result.kind == Kind::accepted    ? 2
                               : result.kind == Kind::permanent ? 5
                                                                : 4;
    result.status = reply.status.value_or(EnhancedStatus{klass, 0, 0});
    result.status.klass = klass;  // a status that contradicts its code counts for nothing
    return result;
}

// The verdict about recipients that the server has not given one about.
queue::RecipientResult unanswered(const smtp::SendResult& sent, const std::string& host) {
    queue::RecipientResult result{.kind = Kind::permanent, .remote_host = host};
    switch (sent.outcome) {
        case Outcome::needs_8bitmime:
        case Outcome::needs_binarymime:
            result.status = {5, 6, 3};  // RFC 3463 §3.7: conversion required but not supported
            result.text =
                "The message has octets that this host cannot take, and was not converted.";
            break;
        case Outcome::needs_smtputf8:
            result.status = {5, 6, 7};  // RFC 6531 §3.5
            result.text = "An address of the message is not ASCII, which this host cannot take.";
            break;
        case Outcome::too_large:
            result.status = {5, 3, 4};
            result.text = "The message is larger than this host takes.";
            break;
        case Outcome::not_canonical:
            result.status = {5, 6, 0};
            result.text = "The message has line ends that cannot be sent.";
            break;
        case Outcome::answered:
        case Outcome::lost_before_end:
        case Outcome::lost_after_end:
            result.kind = Kind::temporary;
            result.status = {4, 4, 2};
            result.text =
                text::printable("The connection was lost: " + sent.trouble, limits::reply_octets);
            break;
    }
    return result;
}

queue::RecipientResult for_another_line(const std::string& host) {
    return {.kind = Kind::temporary,
            .status = {4, 5, 3},  // RFC 3463 §3.6: too many recipients
            .text = "This host takes no more transactions in one connection (LIMITS MAILMAX).",
            .remote_host = host};
}

queue::RecipientResult not_converted(const Refusal& refusal, const std::string& host) {
    return {.kind = Kind::permanent,
            .status = refusal.status,
            .text = text::printable("The host takes ASCII only (it does not offer 8BITMIME). " +
                                    refusal.text),
            .remote_host = host};
}

}  // namespace

std::vector<queue::RecipientResult> results_of(const smtp::SendResult& sent,
                                               const std::string& host) {
    std::vector<queue::RecipientResult> results;
    for (const smtp::RecipientResult& recipient : sent.recipients)
        results.push_back(recipient.reply ? answered(recipient, host) : unanswered(sent, host));
    return results;
}

Delivery::Line line_after(const smtp::SendResult& sent) {
    if (sent.is_reusable) return Delivery::Line::usable;
    if (sent.outcome == Outcome::lost_before_end) return Delivery::Line::another;
    // RFC 5321 §3.8: 421 before any recipient was answered is about the host, not the message.
    const bool is_host_closing = std::ranges::all_of(sent.recipients, [](const auto& recipient) {
        return recipient.reply && recipient.reply->code == 421 &&
               (recipient.stage == Stage::mail || recipient.stage == Stage::rcpt);
    });
    return is_host_closing && sent.outcome == Outcome::answered ? Delivery::Line::another
                                                                : Delivery::Line::ended;
}

std::size_t SmtpLine::recipients_at_once() const {
    const auto told = client_->capabilities().recipients_max;
    if (!told || *told == 0) return limits::recipients_at_once;
    return std::min<std::uint64_t>(*told, limits::recipients_at_once);
}

// RFC 9422 §4.1: MAIL commands of one connection.
bool SmtpLine::is_used_up() const {
    const auto told = client_->capabilities().messages_max;
    return told && *told > 0 && transactions_ >= *told;
}

// A message that this host cannot take for another reason is not converted in vain.
bool SmtpLine::needs_downgrade(const queue::Entry& entry) const {
    const smtp::Capabilities& capabilities = client_->capabilities();
    return entry.eight_bit && !capabilities.eight_bit && (!entry.smtputf8 || capabilities.smtputf8);
}

net::Task<Delivery> SmtpLine::deliver(const queue::Entry& entry, Body& body) {
    const bool was_used = std::exchange(is_used_, true);
    Delivery delivery{.passed_reports_on = kind_ == LineKind::smtp && client_->capabilities().dsn};
    std::optional<Downgrade> downgrade;
    if (needs_downgrade(entry)) {
        auto planned = co_await plan_downgrade(body);
        if (!planned) {
            delivery.results.assign(entry.recipients.size(),
                                    not_converted(planned.error(), info_.host));
            co_return delivery;
        }
        downgrade = *std::move(planned);
        delivery.is_converted = downgrade->plan.is_needed;
    }
    const auto type =
        entry.eight_bit && !downgrade ? smtp::BodyType::eight_bit : smtp::BodyType::seven_bit;
    const std::size_t at_once = recipients_at_once();
    for (std::size_t first = 0; first < entry.recipients.size();) {
        const std::size_t count = std::min(at_once, entry.recipients.size() - first);
        const smtp::Envelope envelope = envelope_of(entry, kind_, type, first, count);
        Pieces pieces(body, downgrade);
        const smtp::SendResult sent = co_await client_->send(envelope, pieces);
        ++transactions_;
        std::ranges::move(results_of(sent, info_.host), std::back_inserter(delivery.results));
        delivery.line = line_after(sent);
        const bool is_silent = std::ranges::none_of(
            sent.recipients, [](const auto& recipient) { return recipient.reply.has_value(); });
        if (first == 0 && was_used && is_silent && sent.outcome == Outcome::lost_before_end)
            delivery.line = Delivery::Line::stale;
        first += count;
        if (delivery.line == Delivery::Line::usable && is_used_up() &&
            first < entry.recipients.size()) {
            delivery.results.resize(entry.recipients.size(), for_another_line(info_.host));
            break;
        }
        if (delivery.line == Delivery::Line::usable) continue;
        // The others have to wait; another host would be given those again that are done.
        if (first < entry.recipients.size() || first > count) {
            const bool is_none_done = std::ranges::all_of(delivery.results, [](const auto& result) {
                return result.kind == Kind::temporary;
            });
            if (!is_none_done) delivery.line = Delivery::Line::ended;
        }
        delivery.results.resize(entry.recipients.size(), unanswered(sent, info_.host));
        break;
    }
    co_return delivery;
}

}  // namespace pidge::relay
