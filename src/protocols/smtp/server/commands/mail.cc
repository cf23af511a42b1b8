// MAIL (RFC 5321 §4.1.1.2): begins a transaction.
#include "protocols/smtp/server/commands/commands.h"
#include "protocols/smtp/server/session/body.h"
#include "protocols/smtp/wire/command.h"
#include "protocols/smtp/wire/envelope.h"

namespace pidge::smtp::commands {
namespace {

Result<MailFrom> check_mail(const Session& session, std::string_view argument) {
    if (session.has_transaction())
        return out_of_sequence("There is a transaction already: send RSET first");
    // RFC 6409 §4.3
    if (session.must_log_in())
        return Refusal{.kind = Refusal::Kind::policy,
                       .text = session.is_tls()
                                   ? "Authentication is required: send AUTH first"
                                   : "Authentication is required: send STARTTLS and AUTH first",
                       .status = {5, 7, 0},
                       .reply_code = 530};
    MailFrom from = TRY(parse_mail(argument));
    // RFC 1870 §6.1
    if (from.size_bytes.value_or(0) > session.options.message_octets) return too_large();
    // RFC 4954 §5: what a client says that nobody knows counts as AUTH=<>.
    if (!from.auth.empty() && !session.client.identity) from.auth = "<>";
    return from;
}

}  // namespace

net::Task<void> mail(Session& session, std::string_view argument) {
    Result<MailFrom> from = check_mail(session, argument);
    if (!from) {
        session.refuse(Verb::mail, from.error());
        if (session.has_transaction()) session.reset_transaction();
        co_return;
    }
    const Transaction begun{
        .stage = Transaction::Stage::open, .body = from->body, .smtputf8 = from->smtputf8};
    const Result<void> accepted = co_await session.backend->mail(std::move(*from));
    if (!accepted) {
        session.reply(accepted.error());
        session.reset_transaction();
        co_return;
    }
    session.transaction = begun;
    session.reply(250, EnhancedStatus{2, 1, 0}, "Sender accepted");
}

}  // namespace pidge::smtp::commands
