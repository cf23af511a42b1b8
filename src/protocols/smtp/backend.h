// What the SMTP server asks the rest of the program. Values in, values out, asynchronous, no
// pointers into the other side: the protocol could run in a process of its own (ARCHITECTURE.md).
//
// One Backend for the program, one BackendSession for each connection. Calls of one session come
// one at a time, in the order: open, (sasl::Backend …), then per transaction mail, rcpt …,
// begin_body, body …, end_body; reset at any time. A Refusal becomes the reply: its reply_code when
// set, else what follows from its kind (wire/reply.h).
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "protocols/sasl/backend.h"
#include "protocols/smtp/types.h"
#include "system/net/endpoint.h"
#include "system/net/stream.h"
#include "system/net/task.h"

namespace pidge::smtp {

enum class Service : std::uint8_t {
    mx,           // port 25: mail from other sites, and from our own ranges without credentials
    submission,   // port 587: STARTTLS, AUTH required (RFC 6409)
    submissions,  // port 465: TLS from the first octet (RFC 8314)
};

struct Connection {
    Service service = Service::mx;
    net::Endpoint local;
    net::Endpoint remote;  // of the client, also behind a balancer that spoke PROXY
    std::string listener;  // its name in the configuration
};

// What the client has told and shown by now; passed along where it may have changed.
struct ClientState {
    std::string helo;          // argument of EHLO or HELO
    bool is_extended = false;  // EHLO
    std::optional<net::TlsInfo> tls;
    std::optional<sasl::Identity> identity;
};

struct Accepted {
    std::string queue_id;  // for the text of the 250
};

class BackendSession : public sasl::Backend {
 public:
    // Before the greeting. A refusal is said in its place (554 or 421) and the connection closed.
    virtual net::Task<Result<void>> open() = 0;

    // Tells what is known of the client after EHLO/HELO, STARTTLS and AUTH.
    virtual void client_is(ClientState state) = 0;

    // How many recipients a message of this client may have, as far as it is known now, besides
    // what ServerOptions say: for LIMITS RCPTMAX (RFC 9422).
    virtual std::size_t recipients_max() const = 0;

    virtual net::Task<Result<void>> mail(MailFrom from) = 0;
    // A refusal of kind not_found counts as a guess (attacks.md R07): the server slows them down
    // and ends the session.
    virtual net::Task<Result<void>> rcpt(RcptTo to) = 0;
    // Before 354, or at the first BDAT: at least one recipient was accepted.
    virtual net::Task<Result<void>> begin_body() = 0;
    // Octets of the message: canonical CRLF unless BodyType::binary, dots unstuffed. `bytes` lives
    // until it returns. May be refused at any time; the server then reads on to the end of the
    // message and answers with the first refusal.
    virtual net::Task<Result<void>> body(std::string_view bytes) = 0;
    // The message is complete. Returns only when it is durable.
    virtual net::Task<Result<Accepted>> end_body() = 0;
    // Forgets the transaction (RSET, error, new MAIL, end of the session in mid-message). Cheap;
    // may come twice.
    virtual void reset() = 0;

    // For the record: the server itself refused a command (syntax, state, limits, framing).
    virtual void refused(std::string_view command, const Refusal& why) = 0;
    virtual void closed(std::string_view why) = 0;
};

class Backend {
 public:
    virtual ~Backend() = default;
    virtual std::unique_ptr<BackendSession> session(Connection connection) = 0;
};

}  // namespace pidge::smtp
