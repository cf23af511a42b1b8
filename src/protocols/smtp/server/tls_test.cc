// Server and client over real TLS: STARTTLS on both sides, and SCRAM bound to the session.
#include <doctest/doctest.h>

#include "formats/address/mailbox.h"
#include "protocols/smtp/client/client.h"
#include "protocols/smtp/server/serve.h"
#include "protocols/smtp/testing/play.h"
#include "protocols/smtp/testing/string_source.h"
#include "system/net/gone.h"
#include "system/net/memory_stream.h"
#include "system/net/spawn.h"
#include "system/tls/testing/peers.h"

using namespace pidge;
using namespace pidge::smtp;
using namespace pidge::smtp::testing;
using namespace std::chrono_literals;
using StreamPtr = std::unique_ptr<net::Stream>;

namespace {

struct Place {
    tls::testing::Site site;
    std::shared_ptr<tls::ClientContext> trust = site.client();
    FakeBackend backend;
    ServerOptions options = test_options(Service::submission);

    Place() {
        options.start_tls = [this](StreamPtr stream) {
            return tls::accept(std::move(stream), *site.server, 10s);
        };
    }
    ClientOptions client_options() {
        return {.host_name = "out.example", .start_tls = [this](StreamPtr stream) {
                    return tls::connect(std::move(stream), *trust,
                                        {.server_name = "mail.example.org"});
                }};
    }
};

net::Task<void> send_one(Place& place) {
    auto [near, far] = net::memory_pair();
    net::spawn("server", serve(std::move(far), place.backend, place.options));
    Client client(std::move(near), place.client_options());
    CHECK(co_await client.greet());
    CHECK(co_await client.start_tls());
    CHECK(co_await client.authenticate({.login = "alice", .password = "secret"}));
    const Envelope envelope{
        .from = {.sender = *address::parse_mailbox("alice@site.example")},
        .recipients = {{.recipient = *address::parse_mailbox("b@ext.example")}}};
    StringSource body(std::string(100'000, 'x') + "\r\n");
    const SendResult result = co_await client.send(envelope, body);
    CHECK(result.recipients[0].is_accepted());
    co_await client.quit();
}

// Speaks by hand: writes each part after the reply to the one before, in TLS from `tls_from` on.
net::Task<void> speak(Place& place, std::vector<std::string> parts, std::size_t tls_from,
                      std::string& replies) {
    auto [near, far] = net::memory_pair();
    net::spawn("server", serve(std::move(far), place.backend, place.options));
    StreamPtr stream = std::move(near);
    std::array<char, 4096> buffer;
    try {
        for (std::size_t i = 0;; ++i) {
            stream->set_deadline(2s);
            const std::size_t count = co_await stream->read_some(buffer);
            replies.append(buffer.data(), count);
            if (count == 0 || i == parts.size()) break;
            if (i == tls_from) {
                StreamPtr plain = std::move(stream);
                stream = co_await tls::connect(std::move(plain), *place.trust,
                                               {.server_name = "mail.example.org"});
            }
            co_await stream->write(parts[i]);
        }
    } catch (const net::Gone&) {
        replies += "(gone)";
    }
    if (stream) stream->close();
}

}  // namespace

TEST_CASE("[T01] a message is submitted over STARTTLS with SCRAM bound to the TLS session") {
    Place place;
    net::run(send_one(place), net::TimeSource::simulated);
    REQUIRE(place.backend.messages.size() == 1);
    const ClientState& state = place.backend.messages[0].client;
    CHECK(state.tls->version == "TLSv1.3");
    CHECK_FALSE(state.tls->exporter.empty());
    CHECK(state.identity->login == "alice");
    CHECK(place.backend.passwords.empty());
}

TEST_CASE("[F07] a handshake never begins on octets that came in clear") {
    Place place;
    std::string replies;
    net::run(speak(place, {"EHLO x\r\n", "STARTTLS\r\nRSET\r\n"}, 9, replies),
             net::TimeSource::simulated);
    CHECK(codes(replies) == "220 250 554");
    replies.clear();
    net::run(speak(place, {"EHLO x\r\n", "STARTTLS\r\n", "RSET\r\n", "MAIL FROM:<a@x.example>\r\n"},
                   2, replies),
             net::TimeSource::simulated);
    CHECK(codes(replies) == "220 250 220 250 503");
}

TEST_CASE("[F06] within TLS too nothing may come ahead of a reply") {
    Place place;
    std::string replies;
    net::run(speak(place, {"EHLO x\r\n", "STARTTLS\r\n", "EHLO x\r\nNOOP\r\n"}, 2, replies),
             net::TimeSource::simulated);
    CHECK(codes(replies) == "220 250 220 554");
    replies.clear();
    // More than a line's buffer, so that the rest is still within TLS when EHLO is run.
    const std::string hello = "EHLO " + std::string(200, 'x') + "\r\n";
    net::run(
        speak(place, {"EHLO x\r\n", "STARTTLS\r\n", hello + std::string(5000, 'y')}, 2, replies),
        net::TimeSource::simulated);
    CHECK(codes(replies) == "220 250 220 554");
}
