// DATA (RFC 5321 §4.1.1.4): the message, with its end marked by a dot.
#include "protocols/smtp/server/commands/commands.h"
#include "protocols/smtp/server/commands/finish_message.h"
#include "protocols/smtp/server/session/body.h"
#include "protocols/smtp/wire/command.h"

namespace pidge::smtp::commands {
namespace {

Result<void> check_data(const Session& session, std::string_view argument) {
    if (session.transaction.stage == Transaction::Stage::chunks)
        return out_of_sequence("BDAT has begun: end with BDAT LAST, or send RSET");
    if (session.transaction.recipients == 0)
        return Refusal{.kind = Refusal::Kind::sequence,
                       .text = "No recipient was accepted",
                       .status = {5, 5, 1},
                       .reply_code = 554};
    // RFC 3030 §3: a binary message has no lines whose end could be marked.
    if (session.transaction.body == BodyType::binary)
        return out_of_sequence("A binary message is sent with BDAT");
    if (!argument.empty()) return bad_argument("DATA takes no argument");
    return {};
}

}  // namespace

net::Task<void> data(Session& session, std::string_view argument) {
    if (const auto checked = check_data(session, argument); !checked) {
        session.refuse(Verb::data, checked.error());
        session.reset_transaction();
        co_return;
    }
    if (const auto begun = co_await session.backend->begin_body(); !begun) {
        session.reply(begun.error());
        session.reset_transaction();
        co_return;
    }
    // attacks.md F06: no octet of the message may be here before the client could know that it is
    // wanted.
    if (session.channel.has_input()) {
        session.refuse_and_close(Verb::data, too_early());
        session.reset_transaction();
        co_return;
    }
    session.reply(354, std::nullopt, "Go ahead, end with a dot on a line of its own");
    Result<void> received = co_await receive_data(session);
    co_await finish_message(session, std::move(received));
}

}  // namespace pidge::smtp::commands
