// Whole sessions of the client against a server that says anything. The first octet chooses how far
// a well-behaved server has come before (greeting, EHLO, STARTTLS, AUTH, MAIL, DATA) and the
// dialect, the second how its octets are cut. Each recipient has an outcome, none is accepted
// without a reply to the whole message, and what the client says are commands and a message,
// nothing else.
#include <cstdlib>

#include "formats/address/mailbox.h"
#include "protocols/smtp/client/client.h"
#include "protocols/smtp/testing/string_source.h"
#include "protocols/smtp/testing/test_stream.h"
#include "system/net/gone.h"
#include "system/net/spawn.h"

using namespace pidge;
using namespace pidge::smtp;
using namespace pidge::smtp::testing;

namespace {

void require(bool holds) {
    if (!holds) std::abort();
}

constexpr std::string_view hello =
    "220 mx ready\r\n250-mx\r\n250-PIPELINING\r\n250-SIZE 1000\r\n250-DSN\r\n250 8BITMIME\r\n";
constexpr std::string_view slow_hello = "220 mx ready\r\n250-mx\r\n250 CHUNKING\r\n";
constexpr std::string_view tls_hello =
    "220 mx ready\r\n250-mx\r\n250-STARTTLS\r\n250 AUTH SCRAM-SHA-256 PLAIN\r\n";

struct Beginning {
    std::string_view replies[3];
};
constexpr Beginning beginnings[] = {
    {},
    {{"220 mx ready\r\n"}},
    {{hello}},
    {{hello, "250 ok\r\n250 ok\r\n250 ok\r\n"}},
    {{hello, "250 ok\r\n250 ok\r\n550 no\r\n354 go\r\n"}},
    {{slow_hello, "250 ok\r\n"}},
    {{slow_hello, "250 ok\r\n250 ok\r\n250 ok\r\n"}},
    {{tls_hello}},
    {{tls_hello, "220 go ahead\r\n"}},
    {{tls_hello, "220 go ahead\r\n", "250-mx\r\n250 AUTH SCRAM-SHA-256\r\n"}},
};

net::Task<std::unique_ptr<net::Stream>> shake_hands(std::unique_ptr<net::Stream> stream) {
    auto secured = std::make_unique<TroubledStream>(std::move(stream), std::make_shared<Trouble>());
    secured->tls_info = fake_tls_info();
    co_return secured;
}

Envelope envelope() {
    Envelope out{.from = {.sender = address::parse_mailbox("a@ext.example").value()}};
    for (const char* recipient : {"b@site.example", "c@site.example"})
        out.recipients.push_back({.recipient = address::parse_mailbox(recipient).value()});
    return out;
}

net::Task<void> converse(std::unique_ptr<net::Stream> stream, Dialect dialect, int& messages) {
    Client client(std::move(stream),
                  {.host_name = "out.example", .dialect = dialect, .start_tls = shake_hands});
    const auto greeted = co_await client.greet();
    if (!greeted) co_return;
    if (client.capabilities().start_tls) {
        const auto secured = co_await client.start_tls();
        if (secured) (void)co_await client.authenticate({.login = "alice", .password = "secret"});
    }
    const Envelope to = envelope();
    for (int i = 0; i < 3; ++i) {
        StringSource body("Subject: x\r\n\r\n.dot\r\nend\r\n", 7);
        const SendResult result = co_await client.send(to, body);
        require(result.recipients.size() == to.recipients.size());
        for (const RecipientResult& each : result.recipients)
            if (each.is_accepted())
                require(result.outcome == SendResult::Outcome::answered ||
                        dialect == Dialect::lmtp);
        ++messages;
        if (!result.is_reusable) break;
    }
    co_await client.quit();
}

net::Task<void> play(std::unique_ptr<net::Stream> stream, Dialect dialect, int& messages) {
    try {
        co_await converse(std::move(stream), dialect, messages);
    } catch (const net::Gone&) {
        // The server broke the protocol, or left.
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 2) return 0;
    const Beginning& beginning = beginnings[data[0] % std::size(beginnings)];
    const bool is_lmtp = data[0] / std::size(beginnings) % 2 != 0;
    std::string replies;
    std::vector<std::size_t> stops;
    for (const std::string_view reply : beginning.replies) {
        if (reply.empty()) break;
        replies += reply;
        // What comes after the reply to STARTTLS must not come with it.
        stops.push_back(replies.size());
    }
    replies.append(reinterpret_cast<const char*>(data) + 2, size - 2);
    std::string said;
    auto stream = std::make_unique<ScriptedStream>(std::move(replies), 1U + data[1], said);
    stream->stops = std::move(stops);
    int messages = 0;
    net::run(play(std::move(stream), is_lmtp ? Dialect::lmtp : Dialect::smtp, messages));
    require(said.empty() || said.starts_with(is_lmtp ? "LHLO " : "EHLO "));
    // All of it are lines, but for a message that was broken off.
    for (std::size_t at = said.find('\n'); at != std::string::npos; at = said.find('\n', at + 1))
        require(at > 0 && said[at - 1] == '\r');
    return 0;
}
