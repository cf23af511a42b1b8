#include "protocols/smtp/server/session/body.h"

#include <cstring>

#include "protocols/smtp/server/session/pace.h"
#include "protocols/smtp/wire/data_decoder.h"

namespace pidge::smtp {
namespace {

// Text of the message among the octets that have been read, moved together where dots were left
// out. Returns how many octets were used, the message's part of them is `text`.
std::size_t decode_in_place(DataDecoder& decoder, std::span<char> octets, std::string_view& text) {
    std::string_view in(octets.data(), octets.size());
    std::size_t size = 0;
    while (!in.empty() && !decoder.is_finished()) {
        const std::string_view piece = decoder.next(in);
        if (piece.data() != octets.data() + size && !piece.empty())
            std::memmove(octets.data() + size, piece.data(), piece.size());
        size += piece.size();
    }
    text = {octets.data(), size};
    return octets.size() - in.size();
}

// A refusal of our own, for the record.
Refusal recorded(Session& session, Verb verb, Refusal refusal) {
    session.backend->refused(name_of(verb), refusal);
    return refusal;
}

bool exceeds(const Session& session, std::uint64_t more) {
    const std::uint64_t limit = session.options.message_octets;
    return session.transaction.octets > limit || more > limit - session.transaction.octets;
}

}  // namespace

Refusal too_large() {
    return {.kind = Refusal::Kind::limit,
            .text = "The message is larger than this server takes",
            .status = {5, 3, 4},
            .reply_code = 552};
}

net::Task<Result<void>> receive_data(Session& session) {
    DataDecoder decoder;
    Pace pace;
    Result<void> result;
    std::uint64_t oversize = 0;
    session.channel.expect_much();
    while (!decoder.is_finished()) {
        if (session.channel.buffered().empty()) co_await pace.fill(session.channel);
        std::string_view text;
        const std::size_t used = decode_in_place(decoder, session.channel.octets(), text);
        // Consumed first, so that a backend that throws leaves nothing of the body behind; the
        // octets stay in place.
        session.channel.consume(used);
        if (result && decoder.fault() != LineFault::none)
            result = recorded(session, Verb::data, refusal_of(decoder.fault()));
        if (result && exceeds(session, text.size()))
            result = recorded(session, Verb::data, too_large());
        session.transaction.octets += text.size();
        if (result && !text.empty()) result = co_await session.backend->body(text);
        if (result) continue;
        oversize += text.size();
        if (oversize > session.options.message_octets + limits::oversize_discard_octets) {
            session.close("a refused message had no end");
            session.parting = Session::Parting::patient;
            break;
        }
    }
    co_return result;
}

net::Task<Result<void>> receive_chunk(Session& session, std::uint64_t size_octets) {
    Pace pace;
    Result<void> result;
    Transaction& transaction = session.transaction;
    session.channel.expect_much();
    for (std::uint64_t left = size_octets; left > 0;) {
        if (session.channel.buffered().empty()) co_await pace.fill(session.channel);
        const std::string_view text = session.channel.buffered().substr(0, left);
        left -= text.size();
        session.channel.consume(text.size());
        if (result && transaction.body != BodyType::binary) {
            transaction.line_ends.feed(text);
            if (transaction.line_ends.fault() != LineFault::none)
                result = recorded(session, Verb::bdat, refusal_of(transaction.line_ends.fault()));
        }
        transaction.octets += text.size();
        if (result) result = co_await session.backend->body(text);
    }
    co_return result;
}

net::Task<void> discard_chunk(Session& session, std::uint64_t size_octets) {
    if (size_octets > limits::refused_payload_octets) {
        session.close("the payload of a refused BDAT was too large to read");
        session.parting = Session::Parting::patient;
        co_return;
    }
    Pace pace;
    for (std::uint64_t left = size_octets; left > 0;) {
        if (session.channel.buffered().empty()) co_await pace.fill(session.channel);
        const std::size_t count = session.channel.buffered().substr(0, left).size();
        left -= count;
        session.channel.consume(count);
    }
}

}  // namespace pidge::smtp
