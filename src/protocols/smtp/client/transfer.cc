#include "protocols/smtp/client/transfer.h"

#include "base/check.h"
#include "protocols/smtp/client/envelope_lines.h"
#include "system/net/gone.h"

namespace pidge::smtp {

Transfer::Transfer(Dialogue& dialogue, const Capabilities& capabilities, Dialect dialect,
                   const Envelope& envelope, BodySource& body)
    : dialogue_(dialogue),
      capabilities_(capabilities),
      dialect_(dialect),
      envelope_(envelope),
      body_(body) {
    check(!envelope.recipients.empty(), "a message has a recipient");
    result_.recipients.resize(envelope.recipients.size());
}

bool Transfer::is_possible() {
    using Outcome = SendResult::Outcome;
    const MailFrom& from = envelope_.from;
    if (from.body == BodyType::binary && !(capabilities_.binary && capabilities_.chunking))
        result_.outcome = Outcome::needs_binarymime;
    else if (from.smtputf8 && !capabilities_.smtputf8)
        result_.outcome = Outcome::needs_smtputf8;  // which no conversion helps
    else if (from.body == BodyType::eight_bit && !capabilities_.eight_bit)
        result_.outcome = Outcome::needs_8bitmime;
    else if (capabilities_.size_octets && body_.size_octets() > *capabilities_.size_octets)
        result_.outcome = Outcome::too_large;
    else
        return true;
    result_.is_reusable = true;
    return false;
}

net::Task<void> Transfer::run() {
    if (capabilities_.pipelining)
        co_await pipeline_envelope();
    else
        co_await ask_envelope();
    if (is_over_) co_return;
    result_.is_reusable = true;
    if (accepted_.empty())
        co_await send_nothing();
    else if (uses_chunks())
        co_await send_chunks();
    else
        co_await send_data();
}

void Transfer::lose(std::string trouble) {
    result_.is_reusable = false;
    result_.trouble = std::move(trouble);
    for (const RecipientResult& recipient : result_.recipients) {
        if (recipient.reply) continue;
        result_.outcome = is_end_sent_ ? SendResult::Outcome::lost_after_end
                                       : SendResult::Outcome::lost_before_end;
        return;
    }
}

net::Task<void> Transfer::hear_last_words() {
    if (!is_in_text_) co_return;
    try {
        const Reply reply = co_await dialogue_.read_reply(limits::last_words_timeout);
        if (!reply.is_temporary() && !reply.is_permanent()) co_return;
        answer_all(Stage::body, reply);
        result_.outcome = SendResult::Outcome::answered;
        result_.trouble.clear();
    } catch (const net::Gone&) {
        // Nothing was said: it is lost as it was.
    }
}

net::Task<Reply> Transfer::read_answer(std::chrono::milliseconds timeout) {
    Reply reply = co_await dialogue_.read_reply(timeout);
    if (reply.code / 100 == 3)
        throw net::Gone(net::Gone::Why::reset,
                        "the server broke the protocol: it asks where it should answer");
    co_return reply;
}

void Transfer::answer_all(Stage stage, const Reply& reply) {
    for (RecipientResult& recipient : result_.recipients)
        if (!recipient.reply) recipient = {.stage = stage, .reply = reply};
    if (reply.code == 421) break_off();
}

// RFC 5321 §3.8: after 421 the server closes the connection.
void Transfer::break_off() {
    is_over_ = true;
    result_.is_reusable = false;
}

void Transfer::note_mail(const Reply& reply) {
    if (reply.is_positive())
        is_transaction_open_ = true;
    else
        answer_all(Stage::mail, reply);
}

void Transfer::note_recipient(std::size_t index, const Reply& reply) {
    if (reply.code == 421) return answer_all(Stage::rcpt, reply);
    if (!is_transaction_open_) return;  // 503, as MAIL was refused
    if (reply.is_positive())
        accepted_.push_back(index);
    else
        result_.recipients[index] = {.stage = Stage::rcpt, .reply = reply};
}

// RFC 2920 §3.1: MAIL, RCPT and DATA in one go. Of many recipients the replies are read now and
// then, so that the buffers of neither side fill up while both only write.
net::Task<void> Transfer::pipeline_envelope() {
    const auto& recipients = envelope_.recipients;
    out_ = mail_line(envelope_.from, capabilities_, body_.size_octets());
    bool is_mail_answered = false;
    for (std::size_t next = 0; next < recipients.size() && !is_over_;) {
        const std::size_t end =
            std::min(recipients.size(), next + limits::client_pipelined_recipients);
        for (std::size_t i = next; i < end; ++i) out_ += rcpt_line(recipients[i], capabilities_);
        is_data_sent_ = end == recipients.size() && !uses_chunks();
        if (is_data_sent_) out_ += "DATA\r\n";
        co_await dialogue_.write(out_, limits::client_command_timeout);
        out_.clear();
        if (!std::exchange(is_mail_answered, true)) {
            const Reply reply = co_await read_answer(limits::client_command_timeout);
            note_mail(reply);
        }
        for (; next < end && !is_over_; ++next) {
            const Reply reply = co_await read_answer(limits::client_command_timeout);
            note_recipient(next, reply);
        }
        if (!is_transaction_open_ && !is_data_sent_)
            co_return;  // MAIL was refused: no need to name the others
    }
}

net::Task<void> Transfer::ask_envelope() {
    out_ = mail_line(envelope_.from, capabilities_, body_.size_octets());
    co_await dialogue_.write(out_, limits::client_command_timeout);
    const Reply mail = co_await read_answer(limits::client_command_timeout);
    note_mail(mail);
    for (std::size_t i = 0; i < envelope_.recipients.size() && is_transaction_open_ && !is_over_;
         ++i) {
        out_ = rcpt_line(envelope_.recipients[i], capabilities_);
        co_await dialogue_.write(out_, limits::client_command_timeout);
        const Reply reply = co_await read_answer(limits::client_command_timeout);
        note_recipient(i, reply);
    }
    out_.clear();
}

// Nobody takes the message. RFC 2920 §3.1: a server may say 354 all the same; it is then given an
// empty message, which it has nobody to give to.
net::Task<void> Transfer::send_nothing() {
    if (!is_data_sent_) co_return;
    const Reply reply = co_await dialogue_.read_reply(limits::data_start_timeout);
    if (reply.code == 421) break_off();
    if (reply.code != 354) co_return;
    co_await dialogue_.write(".\r\n", limits::data_block_timeout);
    (void)co_await read_answer(limits::data_end_timeout);
    is_transaction_open_ = false;
}

bool Transfer::is_canonical(std::string_view octets) {
    if (octets.empty())
        line_ends_.finish();
    else
        line_ends_.feed(octets);
    if (line_ends_.fault() == LineFault::none) return true;
    result_.outcome = SendResult::Outcome::not_canonical;
    dialogue_.stream().close();
    break_off();
    return false;
}

net::Task<void> Transfer::send_data() {
    if (!is_data_sent_) co_await dialogue_.write("DATA\r\n", limits::client_command_timeout);
    const Reply reply = co_await dialogue_.read_reply(limits::data_start_timeout);
    if (reply.code != 354) {
        if (reply.code < 400)
            throw net::Gone(net::Gone::Why::reset, "the server broke the protocol: it said no 354");
        answer_all(Stage::data, reply);
        co_return;
    }
    DataEncoder encoder;
    is_in_text_ = true;
    for (;;) {
        const std::string_view piece = co_await body_.next();
        if (!is_canonical(piece)) co_return;
        if (piece.empty()) break;
        encoder.append(piece, out_);
        if (out_.size() < limits::client_write_octets) continue;
        co_await dialogue_.write(out_, limits::data_block_timeout);
        out_.clear();
    }
    encoder.finish(out_);
    is_end_sent_ = true;
    co_await dialogue_.write(out_, limits::data_block_timeout);
    is_in_text_ = false;
    co_await read_final_replies();
}

net::Task<void> Transfer::send_chunks() {
    std::uint64_t left = body_.size_octets();
    for (;;) {
        const std::uint64_t size = std::min(left, limits::client_chunk_octets);
        left -= size;
        co_await send_chunk(size, left == 0);
        if (is_over_) co_return;
        if (left == 0) break;
        const Reply reply = co_await read_answer(limits::data_end_timeout);
        if (reply.is_positive()) continue;
        answer_all(Stage::body, reply);  // RFC 3030 §2: the whole transaction has failed
        co_return;
    }
    co_await read_final_replies();
}

net::Task<void> Transfer::send_chunk(std::uint64_t size_octets, bool is_last) {
    const bool is_text = envelope_.from.body != BodyType::binary;
    out_ = "BDAT " + std::to_string(size_octets) + (is_last ? " LAST\r\n" : "\r\n");
    is_in_text_ = true;
    for (std::uint64_t left = size_octets; left > 0;) {
        if (out_.size() >= limits::client_write_octets) {
            co_await dialogue_.write(out_, limits::data_block_timeout);
            out_.clear();
        }
        if (piece_.empty()) {
            piece_ = co_await body_.next();
            check(!piece_.empty(), "a body is as long as its source said");
            if (is_text && !is_canonical(piece_)) co_return;
        }
        const std::string_view part =
            piece_.substr(0, std::min<std::uint64_t>(left, limits::client_write_octets));
        out_ += part;
        piece_.remove_prefix(part.size());
        left -= part.size();
    }
    if (is_last && is_text && !is_canonical({})) co_return;
    is_end_sent_ = is_last;
    co_await dialogue_.write(out_, limits::data_block_timeout);
    is_in_text_ = false;
}

// RFC 2033 §4.2: an LMTP server answers for each recipient that it took, in their order.
net::Task<void> Transfer::read_final_replies() {
    if (dialect_ == Dialect::smtp) {
        const Reply reply = co_await read_answer(limits::data_end_timeout);
        answer_all(Stage::body, reply);
    } else {
        for (const std::size_t index : accepted_) {
            const Reply reply = co_await read_answer(limits::data_end_timeout);
            result_.recipients[index] = {.stage = Stage::body, .reply = reply};
            if (reply.code == 421) answer_all(Stage::body, reply);
            if (is_over_) break;
        }
    }
    is_transaction_open_ = false;
}

}  // namespace pidge::smtp
