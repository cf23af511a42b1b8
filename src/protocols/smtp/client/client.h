// Client: one connection to another mail server, as SMTP client or, for delivery to a message
// store, as LMTP client (RFC 5321, RFC 2033). Order: greet, then start_tls and authenticate as
// wanted, then send any number of times, then quit.
//
// All functions run on the event loop of the stream, one at a time. Unless said otherwise they
// throw Gone when the connection is lost, a deadline passes, or the server breaks the protocol
// (attacks.md F12); the client is useless then.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "base/result.h"
#include "protocols/sasl/client_exchange.h"
#include "protocols/smtp/client/body_source.h"
#include "protocols/smtp/client/capabilities.h"
#include "protocols/smtp/client/dialogue.h"
#include "protocols/smtp/client/send_result.h"

namespace pidge::smtp {

enum class Dialect : std::uint8_t { smtp, lmtp };

struct ClientOptions {
    std::string host_name;  // ours, for EHLO
    Dialect dialect = Dialect::smtp;
    // Shortens the times of limits.h where it is less than they are.
    std::chrono::milliseconds wait_max = limits::data_end_timeout;
    // The TLS handshake, as client, with all checks of the server's name that are wanted. Throws
    // Gone(tls).
    std::function<net::Task<std::unique_ptr<net::Stream>>(std::unique_ptr<net::Stream>)> start_tls;
};

class Client {
 public:
    Client(std::unique_ptr<net::Stream> stream, ClientOptions options);

    // Waits for the greeting and says hello; HELO where EHLO is not understood. A refusal is the
    // server's: reply_code, status and text are what it said.
    net::Task<Result<void>> greet();
    // STARTTLS, handshake, and hello again: what was known of the server is forgotten (RFC 3207
    // §4.2). Refuses when the server does not offer it or says no; the connection is then as
    // before, still in clear.
    net::Task<Result<void>> start_tls();
    // With the best mechanism that both sides know. Refuses with kind unsupported when there is
    // none.
    net::Task<Result<void>> authenticate(sasl::ClientCredentials credentials);

    const Capabilities& capabilities() const { return capabilities_; }
    const Reply& greeting() const { return greeting_; }
    const net::TlsInfo* tls() {
        return dialogue_.has_stream() ? dialogue_.stream().tls() : nullptr;
    }

    // One message. Never throws Gone: a loss is an outcome, as it says what has to be done about
    // each recipient. Whatever `body` throws goes through, after the connection was broken off.
    net::Task<SendResult> send(const Envelope& envelope, BodySource& body);

    // Says QUIT and goodbye; does not throw.
    net::Task<void> quit();
    void close() noexcept;

 private:
    net::Task<Result<void>> hello();

    Dialogue dialogue_;
    ClientOptions options_;
    Capabilities capabilities_;
    Reply greeting_;
    // A refused DATA left it open: RSET comes before the next message.
    bool is_transaction_open_ = false;
};

// A negative reply as the refusal that it is.
Refusal refusal_of(const Reply& reply);

}  // namespace pidge::smtp
