// Transfer: one message on its way to the server: envelope, body, replies (RFC 5321 §3.3, RFC 2920,
// RFC 3030, RFC 2033). Used by Client::send only.
#pragma once

#include <string>

#include "protocols/smtp/client/client.h"
#include "protocols/smtp/wire/data_encoder.h"
#include "protocols/smtp/wire/line_ends.h"

namespace pidge::smtp {

class Transfer {
 public:
    // The references live as long as this.
    Transfer(Dialogue& dialogue, const Capabilities& capabilities, Dialect dialect,
             const Envelope& envelope, BodySource& body);

    // Whether the server offers what the message needs; if not, the result says what is missing.
    bool is_possible();
    // Throws Gone when the connection is lost; lose() is then called.
    net::Task<void> run();
    void lose(std::string trouble);
    // After lose(): a server that takes no more of the text may have said why before it closed. Its
    // refusal is then the answer.
    net::Task<void> hear_last_words();
    bool is_transaction_open() const { return is_transaction_open_; }
    SendResult take_result() { return std::move(result_); }

 private:
    using Stage = RecipientResult::Stage;

    // Each returns with is_over_ set when no further step makes sense.
    net::Task<void> pipeline_envelope();
    net::Task<void> ask_envelope();
    net::Task<void> send_data();
    net::Task<void> send_nothing();
    net::Task<void> send_chunks();
    net::Task<void> send_chunk(std::uint64_t size_octets, bool is_last);
    net::Task<void> read_final_replies();
    net::Task<Reply> read_answer(std::chrono::milliseconds timeout);

    bool uses_chunks() const { return capabilities_.chunking; }
    void note_mail(const Reply& reply);
    void note_recipient(std::size_t index, const Reply& reply);
    // The last word for all recipients that have none yet.
    void answer_all(Stage stage, const Reply& reply);
    void break_off();
    // False: the octets must not leave.
    bool is_canonical(std::string_view octets);

    Dialogue& dialogue_;
    const Capabilities& capabilities_;
    const Dialect dialect_;
    const Envelope& envelope_;
    BodySource& body_;
    SendResult result_;
    LineEnds line_ends_;
    std::string out_;
    std::string_view piece_;             // what is left of the last piece of the body
    std::vector<std::size_t> accepted_;  // indexes of the recipients that the server took
    bool is_data_sent_ = false;          // DATA went out with the envelope
    bool is_in_text_ = false;            // no reply is awaited, but for one that breaks it off
    bool is_transaction_open_ = false;
    bool is_end_sent_ = false;  // or may have been
    bool is_over_ = false;
};

}  // namespace pidge::smtp
