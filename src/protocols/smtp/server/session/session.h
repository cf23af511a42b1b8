// Session: what the server knows of one connection, and the few things that change it.
//
// Invariants, which every command keeps:
//   1. A transaction is open only after its MAIL was accepted, by us and by the backend; the body
//   begins only with at
//      least one accepted recipient in it.
//   2. reset_transaction() is the only way out of a transaction: after a message, accepted or not,
//   after RSET, EHLO,
//      HELO and STARTTLS, after a refused MAIL, DATA or BDAT, and at the end of the session. A
//      refused RCPT concerns that recipient only (RFC 5321 §3.3); other refused commands have done
//      nothing that could be undone.
//   3. Every command gets exactly one reply, in order. Replies are gathered and written before each
//   wait for the client.
//   4. What the client sent ahead of a reply that it had to wait for is never run: the session ends
//   (attacks.md F06,
//      F07). Where it had to wait: EHLO, HELO, DATA, STARTTLS, AUTH, and everywhere before
//      PIPELINING was offered.
//   5. Octets announced by BDAT are consumed as such, or the session ends (attacks.md F04).
//   6. After STARTTLS everything the client said before is forgotten: hello, identity, transaction
//   (RFC 3207 §4.2).
//   7. Before TLS nothing after the word AUTH is looked at or handed on (attacks.md T01).
//   8. The channel's buffer is shared by command lines and bodies, so nothing is ever read twice or
//   past.
//
// One coroutine uses a session; it lives as long as serve() runs.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"
#include "protocols/smtp/backend.h"
#include "protocols/smtp/server/session/channel.h"
#include "protocols/smtp/server/session/options.h"
#include "protocols/smtp/server/session/transaction.h"
#include "protocols/smtp/wire/verb.h"

namespace pidge::smtp {

class Session {
 public:
    // `options` and the backend live longer than the session.
    Session(std::unique_ptr<net::Stream> stream, Backend& backend, const ServerOptions& options);

    Channel channel;
    const ServerOptions& options;
    const std::unique_ptr<BackendSession> backend;
    ClientState client;
    Transaction transaction;
    std::uint32_t failed_logins = 0;
    std::uint32_t unknown_recipients = 0;
    std::uint32_t idle_commands = 0;  // since the last message
    std::uint32_t errors = 0;         // likewise

    bool has_greeted() const { return !client.helo.empty(); }
    bool is_tls() const { return client.tls.has_value(); }
    bool has_transaction() const { return transaction.stage != Transaction::Stage::none; }
    bool must_log_in() const {
        return options.authentication == Authentication::required && !client.identity;
    }

    // One reply; `text` may have line feeds.
    void reply(std::uint16_t code, std::optional<EnhancedStatus> status, std::string_view text);
    // A refusal by the backend as reply.
    void reply(const Refusal& refusal);
    // Our own refusal of a command: reply, record, and the count of errors that ends a session
    // (421).
    void refuse(Verb verb, const Refusal& refusal);
    // The last reply; the session ends after it.
    void reply_and_close(std::uint16_t code, std::optional<EnhancedStatus> status,
                         std::string_view text);
    void refuse_and_close(Verb verb, const Refusal& refusal);
    // Ends the session without a further reply.
    void close(std::string_view why);
    bool is_closing() const { return is_closing_; }
    std::string_view why_closing() const { return closing_; }
    // How a closing session treats what the client has sent in the meantime.
    enum class Parting : std::uint8_t {
        ordinary,  // reads what is here, so that the last reply is not lost to a reset
        patient,   // much is on its way: reads on for a moment, for the same reason
        abrupt,    // has read enough
    };
    Parting parting = Parting::ordinary;

    void reset_transaction();
    // A new hello or a new stream: see invariant 6.
    void forget_client();

    enum class Line : std::uint8_t { command, response /* of AUTH */ };
    // A line without CR LF, taken out of the channel; void after the next read. nullopt: the client
    // has gone, or the session is closing because the line was none (reply made). Sets the deadline
    // of the wait.
    net::Task<std::optional<std::string_view>> read_line(Line line);
    // How long the client may take for its next line.
    std::chrono::milliseconds time_for_command() const;

    net::Task<void> delay(std::chrono::milliseconds time);

 private:
    net::Task<void> discard_overlong_line(std::size_t limit);

    SteadyTime login_deadline_;
    bool is_closing_ = false;
    std::string closing_;
};

// The refusals that several commands share.
Refusal out_of_sequence(std::string_view text);  // 503 5.5.1
Refusal not_offered(std::string_view text);      // 502 5.5.1
Refusal too_early();                             // 554 5.5.0 (attacks.md F06)

}  // namespace pidge::smtp
