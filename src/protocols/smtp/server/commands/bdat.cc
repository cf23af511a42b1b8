// BDAT (RFC 3030 §2): a chunk of the message, its size told before. Whatever becomes of the
// command, its payload is read as payload or the session ends (attacks.md F04).
#include "protocols/smtp/server/commands/commands.h"
#include "protocols/smtp/server/commands/finish_message.h"
#include "protocols/smtp/server/session/body.h"
#include "protocols/smtp/wire/envelope.h"

namespace pidge::smtp::commands {
namespace {

Result<void> check_chunk(const Session& session, const Chunk& chunk) {
    const Transaction& transaction = session.transaction;
    if (!session.client.is_extended) return out_of_sequence("Send EHLO first");
    if (!session.has_transaction()) return out_of_sequence("Send MAIL and RCPT first");
    if (transaction.recipients == 0)
        return Refusal{.kind = Refusal::Kind::sequence,
                       .text = "No recipient was accepted",
                       .status = {5, 5, 1},
                       .reply_code = 554};
    if (transaction.chunks >= limits::chunks_max)
        return Refusal{.kind = Refusal::Kind::limit,
                       .text = "The message is in too many chunks",
                       .status = {5, 5, 0},
                       .reply_code = 554};
    if (chunk.size_octets > session.options.message_octets - transaction.octets) return too_large();
    return {};
}

// The message goes on, so the chunk is read and replied to in full.
net::Task<void> accept_chunk(Session& session, const Chunk& chunk) {
    session.transaction.stage = Transaction::Stage::chunks;
    ++session.transaction.chunks;
    Result<void> received = co_await receive_chunk(session, chunk.size_octets);
    if (received && chunk.is_last && session.transaction.body != BodyType::binary) {
        session.transaction.line_ends.finish();
        const LineFault fault = session.transaction.line_ends.fault();
        if (fault != LineFault::none) {
            received = refusal_of(fault);
            session.backend->refused(name_of(Verb::bdat), received.error());
        }
    }
    if (chunk.is_last || !received) {
        co_await finish_message(session, std::move(received));
        co_return;
    }
    session.reply(250, EnhancedStatus{2, 0, 0},
                  std::to_string(chunk.size_octets) + " octets received");
}

}  // namespace

net::Task<void> bdat(Session& session, std::string_view argument) {
    const Result<Chunk> chunk = parse_bdat(argument);
    if (!chunk) {
        // How much payload follows is not known.
        session.refuse_and_close(Verb::bdat, chunk.error());
        session.reset_transaction();
        co_return;
    }
    if (const auto checked = check_chunk(session, *chunk); !checked) {
        session.refuse(Verb::bdat, checked.error());
        session.reset_transaction();
        if (!session.is_closing()) co_await discard_chunk(session, chunk->size_octets);
        co_return;
    }
    if (session.transaction.stage == Transaction::Stage::open) {
        if (const auto begun = co_await session.backend->begin_body(); !begun) {
            session.reply(begun.error());
            session.reset_transaction();
            co_await discard_chunk(session, chunk->size_octets);
            co_return;
        }
    }
    co_await accept_chunk(session, *chunk);
}

}  // namespace pidge::smtp::commands
