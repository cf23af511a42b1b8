// RCPT (RFC 5321 §4.1.1.3): one recipient. A refusal concerns that one only; guesses are slowed
// down and ended (attacks.md R07).
#include "protocols/smtp/server/commands/commands.h"
#include "protocols/smtp/wire/envelope.h"

namespace pidge::smtp::commands {
namespace {

Result<RcptTo> check_rcpt(const Session& session, std::string_view argument) {
    RcptTo to = TRY(parse_rcpt(argument, session.transaction.smtputf8));
    // RFC 5321 §4.5.3.1.10: 452, and the client sends the rest in a further transaction.
    if (session.transaction.recipients >= session.options.recipients_max)
        return Refusal{.kind = Refusal::Kind::limit,
                       .text = "Too many recipients for one message",
                       .status = {4, 5, 3},
                       .reply_code = 452};
    return to;
}

net::Task<void> refuse_unknown(Session& session, Refusal refusal) {
    const auto count = ++session.unknown_recipients;
    if (count > limits::unknown_recipients_free)
        co_await session.delay(limits::unknown_recipient_delay);
    if (count < limits::unknown_recipients_max)
        session.reply(refusal);
    else
        session.reply_and_close(421, EnhancedStatus{4, 7, 0},
                                "Too many unknown recipients, goodbye");
}

}  // namespace

net::Task<void> rcpt(Session& session, std::string_view argument) {
    if (++session.transaction.recipients_tried >
        limits::recipient_tries * session.options.recipients_max) {
        session.reply_and_close(421, EnhancedStatus{4, 7, 0}, "Too many recipients, goodbye");
        co_return;
    }
    Result<RcptTo> to = check_rcpt(session, argument);
    if (!to) {
        session.refuse(Verb::rcpt, to.error());
        co_return;
    }
    const Result<void> accepted = co_await session.backend->rcpt(std::move(*to));
    if (!accepted) {
        if (accepted.error().kind == Refusal::Kind::not_found)
            co_await refuse_unknown(session, accepted.error());
        else
            session.reply(accepted.error());
        co_return;
    }
    ++session.transaction.recipients;
    session.reply(250, EnhancedStatus{2, 1, 5}, "Recipient accepted");
}

}  // namespace pidge::smtp::commands
