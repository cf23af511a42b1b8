#include "protocols/smtp/server/serve.h"

#include <doctest/doctest.h>

#include "base/text.h"
#include "protocols/smtp/server/session/drain.h"
#include "protocols/smtp/testing/play.h"
#include "system/net/gone.h"
#include "system/net/memory_stream.h"
#include "system/net/spawn.h"
#include "system/net/timer.h"

using namespace pidge;
using namespace pidge::smtp;
using namespace pidge::smtp::testing;
using namespace std::chrono_literals;

namespace {

const std::string hello = "EHLO client.example\r\n";
const std::string envelope = "MAIL FROM:<a@ext.example>\r\nRCPT TO:<b@site.example>\r\n";
const std::string message = "DATA\r\nSubject: x\r\n\r\ntext\r\n.\r\n";

// A client that sends octet after octet, so that nothing is ever ahead of its time.
std::string talk(const std::string& input, FakeBackend& backend,
                 const ServerOptions& options = test_options(), bool is_tls = false) {
    return play(
        serve,
        {.input = input, .piece_octets = 1, .is_tls = is_tls, .arrival = Arrival::step_by_step},
        backend, options);
}

std::string talk_codes(const std::string& input, const ServerOptions& options = test_options(),
                       bool is_tls = false) {
    FakeBackend backend;
    return codes(talk(input, backend, options, is_tls));
}

// A client that sends everything at once.
std::string blurt(const std::string& input, FakeBackend& backend,
                  const ServerOptions& options = test_options()) {
    return play(serve, {.input = input}, backend, options);
}

// A client that waits for the reply after each part; what it got back until the server closed, or
// it did.
struct Visit {
    FakeBackend backend;
    ServerOptions options = test_options();
    std::string replies;
    bool is_closed_by_server = false;
    std::chrono::nanoseconds lasted{};
    std::shared_ptr<Trouble> trouble = std::make_shared<Trouble>();
    bool is_tls = false;

    void run(std::vector<std::string> parts, std::chrono::seconds patience = 1s) {
        net::run(talk(*this, std::move(parts), patience), net::TimeSource::simulated);
    }

 private:
    static net::Task<void> listen(Visit& self, net::Stream& stream, std::chrono::seconds patience) {
        std::array<char, 4096> buffer;
        stream.set_deadline(patience);
        try {
            while (!self.is_closed_by_server) {
                const std::size_t count = co_await stream.read_some(buffer);
                self.replies.append(buffer.data(), count);
                self.is_closed_by_server = count == 0;
            }
        } catch (const net::Gone& gone) {
            if (gone.why != net::Gone::Why::deadline) self.is_closed_by_server = true;
        }
        stream.set_deadline(1h);
    }

    static net::Task<void> talk(Visit& self, std::vector<std::string> parts,
                                std::chrono::seconds patience) {
        auto [near, far] = net::memory_pair();
        const SteadyTime start = net::this_loop().now();
        auto troubled = std::make_unique<TroubledStream>(std::move(far), self.trouble);
        if (self.is_tls) troubled->tls_info = fake_tls_info();
        net::spawn("server", serve(std::move(troubled), self.backend, self.options));
        co_await listen(self, *near, 1s);
        for (std::size_t i = 0; i < parts.size() && !self.is_closed_by_server; ++i) {
            try {
                co_await near->write(parts[i]);
            } catch (const net::Gone&) {
                self.replies += "(broken)";
            }
            co_await listen(self, *near, i + 1 == parts.size() ? patience : 1s);
        }
        self.lasted = net::this_loop().now() - start;
        near->close();
        co_await net::sleep_for(400s);  // lets the server notice
    }
};

}  // namespace

TEST_CASE("a message is taken and handed over octet for octet") {
    FakeBackend backend;
    const std::string replies =
        talk(hello + envelope + "DATA\r\nSubject: x\r\n\r\n..dot\r\nend\r\n.\r\nQUIT\r\n", backend);
    CHECK(codes(replies) == "220 250 250 250 354 250 221");
    REQUIRE(backend.messages.size() == 1);
    CHECK(backend.messages[0].body == "Subject: x\r\n\r\n.dot\r\nend\r\n");
    CHECK(backend.messages[0].from.sender->text() == "a@ext.example");
    CHECK(backend.messages[0].recipients[0].recipient.text() == "b@site.example");
    CHECK(backend.messages[0].client.helo == "client.example");
    CHECK(replies.find("250 2.0.0 accepted id1\r\n") != std::string::npos);
    CHECK(backend.open_sessions == 0);
}

TEST_CASE("a large message passes in bounded pieces, dots and all") {
    std::string body, sent;
    for (int i = 0; i < 20'000; ++i) {
        const std::string line = (i % 3 == 0 ? "." : "") + std::to_string(i) + "\r\n";
        body += line;
        sent += (i % 3 == 0 ? "." : "") + line;
    }
    for (const std::size_t piece :
         {std::size_t{1}, std::size_t{7}, std::size_t{1000}, std::size_t{100'000}}) {
        Visit visit;
        visit.trouble->read_octets_max = piece;
        visit.run({hello, envelope + "DATA\r\n", sent + ".\r\n"});
        CHECK(codes(visit.replies) == "220 250 250 250 354 250");
        REQUIRE(visit.backend.messages.size() == 1);
        CHECK(visit.backend.messages[0].body == body);
    }
}

TEST_CASE("EHLO lists what this client can use now") {
    FakeBackend backend;
    ServerOptions options = test_options(Service::submission);
    options.start_tls =
        [](std::unique_ptr<net::Stream> stream) -> net::Task<std::unique_ptr<net::Stream>> {
        co_return stream;
    };
    const std::string clear = talk(hello, backend, options);
    for (const std::string_view keyword :
         {"PIPELINING", "SIZE 104857600", "8BITMIME", "BINARYMIME", "CHUNKING", "SMTPUTF8",
          "ENHANCEDSTATUSCODES", "DSN", "LIMITS RCPTMAX=500", "STARTTLS"})
        CHECK(clear.find("250-" + std::string(keyword) + "\r\n") +
                  clear.find("250 " + std::string(keyword) + "\r\n") !=
              2 * std::string::npos);
    CHECK(clear.find("AUTH") == std::string::npos);
    const std::string secure = talk(hello, backend, options, true);
    CHECK(secure.find("250 AUTH SCRAM-SHA-256-PLUS SCRAM-SHA-256 PLAIN LOGIN\r\n") !=
          std::string::npos);
    CHECK(secure.find("STARTTLS") == std::string::npos);
    const std::string mx = talk(hello, backend, test_options(Service::mx), true);
    CHECK(mx.find("AUTH") == std::string::npos);
    CHECK(mx.find("STARTTLS") == std::string::npos);
    backend.recipients_max = 100;  // of this client
    CHECK(talk(hello, backend, options).find("LIMITS RCPTMAX=100\r\n") != std::string::npos);
    backend.recipients_max = 1000;
    CHECK(talk(hello, backend, options).find("LIMITS RCPTMAX=500\r\n") != std::string::npos);
}

TEST_CASE("pipelined commands are answered in one write") {
    Visit visit;
    visit.run({hello, envelope + "DATA\r\n"});
    CHECK(codes(visit.replies) == "220 250 250 250 354");
    CHECK(visit.trouble->steps == 6);  // three reads and three writes, before the last read
}

TEST_CASE("commands are allowed where they make sense, and only there") {
    CHECK(talk_codes("MAIL FROM:<a@ext.example>\r\nRCPT TO:<b@site.example>\r\nDATA\r\n") ==
          "220 503 503 503");
    CHECK(talk_codes(hello + "RCPT TO:<b@site.example>\r\nDATA\r\n") == "220 250 503 503");
    CHECK(talk_codes(hello + "MAIL FROM:<a@ext.example>\r\nDATA\r\n") == "220 250 250 554");
    CHECK(talk_codes(hello +
                     "MAIL FROM:<a@ext.example>\r\nRCPT TO:<unknown@site.example>\r\nDATA\r\n") ==
          "220 250 250 550 554");
    CHECK(talk_codes("HELO x\r\n" + envelope + message + "QUIT\r\n") ==
          "220 250 250 250 354 250 221");
    CHECK(talk_codes("NOOP\r\nHELP\r\nVRFY x\r\nVRFY\r\nEXPN "
                     "x\r\nRSET\r\nFOO\r\nEHLO\r\nQUIT\r\nNOOP\r\n") ==
          "220 250 214 252 501 502 250 500 501 221");
    CHECK(talk_codes(hello + envelope + hello + "DATA\r\n") ==
          "220 250 250 250 250 503");  // EHLO resets
    CHECK(talk_codes(hello + envelope + "RSET\r\nDATA\r\n") == "220 250 250 250 250 503");
    CHECK(talk_codes(hello + envelope + "EHLO\r\n" + message) ==
          "220 250 250 250 501 354 250");  // refused: as before
    CHECK(talk_codes(hello + "STARTTLS\r\n") == "220 250 502");
}

TEST_CASE("refusals by the backend are said with their status, and a policy code") {
    FakeBackend backend;
    const std::string replies =
        talk(hello + "MAIL FROM:<forged@ext.example>\r\nMAIL FROM:<a@ext.example>\r\n" +
                 "RCPT TO:<relay@ext.example>\r\nRCPT TO:<later@site.example>\r\n",
             backend);
    CHECK(replies.find("553 5.7.1 [SND-OWN] This address is not yours\r\n") != std::string::npos);
    CHECK(replies.find("550 5.7.1 [RLY-OPN] No relaying\r\n") != std::string::npos);
    CHECK(replies.find("451 4.2.1 Later\r\n") != std::string::npos);
    CHECK(talk_codes(hello + envelope + "DATA\r\nVIRUS\r\nmore\r\n.\r\nNOOP\r\n") ==
          "220 250 250 250 354 550 250");
    CHECK(talk_codes(hello + "MAIL FROM:<keepfail@ext.example>\r\nRCPT TO:<b@site.example>\r\n" +
                     message) == "220 250 250 250 354 451");
}

TEST_CASE("a refused connection is told so instead of the greeting, and closed") {
    const auto greeting = [](Refusal refusal) {
        FakeBackend backend;
        backend.refuses_open = std::move(refusal);
        return codes(talk("NOOP\r\n", backend));
    };
    CHECK(greeting({.kind = Refusal::Kind::policy, .status = {5, 7, 1}}) == "554");
    CHECK(greeting({.kind = Refusal::Kind::temporary, .status = {4, 7, 0}}) == "421");
    CHECK(greeting({.kind = Refusal::Kind::policy, .status = {5, 3, 2}, .reply_code = 521}) ==
          "521");  // RFC 7504
}

TEST_CASE("a backend that throws ends the session with 421, and nothing was accepted") {
    FakeBackend backend;
    backend.throws_at_end_body = true;
    CHECK(codes(talk(hello + envelope + message, backend)) == "220 250 250 250 354 421");
    CHECK(backend.messages.empty());
    CHECK(backend.open_sessions == 0);
}

TEST_CASE("[F01] no odd end of data lets a second transaction in") {
    const std::string second =
        "MAIL FROM:<evil@ext.example>\r\nRCPT TO:<victim@site.example>\r\nDATA\r\nsmuggled\r\n";
    const std::string alphabet = "\r\n.";
    std::vector<std::string> ends{""};
    for (std::size_t begin = 0, length = 1; length <= 6; ++length) {
        const std::size_t end = ends.size();
        for (; begin < end; ++begin)
            for (const char c : alphabet) ends.push_back(ends[begin] + c);
    }
    CHECK(ends.size() == 1093);
    int lawful = 0;
    for (const std::string& end : ends) {
        if (("\r\n" + end + "M").find("\r\n.\r\n") != std::string::npos)
            continue;  // a true end, the dot at a line start
        const std::string all = "text\r\n" + end + second;
        if (all.find("\r\n.\r\n") != std::string::npos) continue;
        CAPTURE(end);
        FakeBackend backend;
        const std::string replies =
            codes(play(serve,
                       {.input = hello + envelope + "DATA\r\n" + all + "\r\n.\r\nNOOP\r\n",
                        .piece_octets = 1,
                        .arrival = Arrival::step_by_step},
                       backend, test_options()));
        CHECK(backend.begun_transactions == 1);
        const bool is_lawful = replies == "220 250 250 250 354 250 250";
        if (!is_lawful) CHECK(replies == "220 250 250 250 354 550 250");
        CHECK(backend.messages.size() == (is_lawful ? 1 : 0));
        lawful += is_lawful;
    }
    CHECK(lawful > 5);  // "\r\n", "..\r\n", …
}

TEST_CASE("[F01] dots in the middle of text are text") {
    FakeBackend backend;
    CHECK(codes(talk(hello + envelope + "DATA\r\na\r\n .\r\n" + envelope + "\r\n.\r\n", backend)) ==
          "220 250 250 250 354 250");
    REQUIRE(backend.messages.size() == 1);
    CHECK(backend.messages[0].body == "a\r\n .\r\n" + envelope + "\r\n");
}

TEST_CASE("[F04] the payload of a refused BDAT is never run") {
    const std::string payload = "12345678\r\nMAIL FROM:<x@y.example>\r\n1234\r\n";
    const std::string chunk = "BDAT " + std::to_string(payload.size());
    CHECK(talk_codes(chunk + "\r\n" + payload + "NOOP\r\n") == "220 503 250");
    CHECK(talk_codes("HELO x\r\n" + chunk + " LAST\r\n" + payload + "NOOP\r\n") ==
          "220 250 503 250");
    CHECK(talk_codes(hello + chunk + "\r\n" + payload + "NOOP\r\n") == "220 250 503 250");
    CHECK(talk_codes(hello + "MAIL FROM:<a@ext.example>\r\n" + chunk + "\r\n" + payload +
                     "NOOP\r\n") == "220 250 250 554 250");
    CHECK(talk_codes(hello + "MAIL FROM:<forged@ext.example>\r\nRCPT TO:<b@site.example>\r\n" +
                     chunk + " LAST\r\n" + payload + "NOOP\r\n") == "220 250 553 503 503 250");
    FakeBackend refusing;
    refusing.refuses_begin = Refusal{.kind = Refusal::Kind::temporary};
    CHECK(codes(talk(hello + envelope + chunk + "\r\n" + payload + "DATA\r\n", refusing)) ==
          "220 250 250 250 451 503");
}

TEST_CASE("[F04] sizes that are none, or too many, end the session") {
    for (const std::string_view size : {"18446744073709551616 LAST", "-1", "", "1x", "0x5"})
        CHECK(talk_codes(hello + envelope + "BDAT " + std::string(size) + "\r\nNOOP\r\n") ==
              "220 250 250 250 501");
    CHECK(talk_codes(hello + envelope + "BDAT 18446744073709551615\r\nNOOP\r\n") ==
          "220 250 250 250 552");
    CHECK(talk_codes(hello + "BDAT 18446744073709551615\r\nNOOP\r\n") == "220 250 503");
}

TEST_CASE("[F04] DATA and BDAT do not mix") {
    CHECK(talk_codes(hello + envelope + "BDAT 5\r\nabc\r\nDATA\r\nBDAT 5 LAST\r\nabc\r\n") ==
          "220 250 250 250 250 503 503");
    CHECK(
        talk_codes(
            hello +
            "MAIL FROM:<a@ext.example> BODY=BINARYMIME\r\nRCPT TO:<b@site.example>\r\nDATA\r\n") ==
        "220 250 250 250 503");
    CHECK(talk_codes(hello + envelope +
                     "BDAT 5\r\nabc\r\nRCPT TO:<c@site.example>\r\nBDAT 0 LAST\r\n") ==
          "220 250 250 250 250 503 250");
}

TEST_CASE("chunks make a message, pipelined or not, binary or not") {
    FakeBackend backend;
    const std::string binary =
        "MAIL FROM:<a@ext.example> BODY=BINARYMIME\r\nRCPT TO:<b@site.example>\r\n";
    CHECK(codes(talk(hello + envelope + "BDAT 2\r\na\rBDAT 3\r\n\nb\rBDAT 1 LAST\r\n\nQUIT\r\n",
                     backend)) == "220 250 250 250 250 250 250 221");
    REQUIRE(backend.messages.size() == 1);
    CHECK(backend.messages[0].body == "a\r\nb\r\n");
    FakeBackend other;
    CHECK(codes(talk(hello + binary + "BDAT 5 LAST\r\n" + std::string("\n.\r\0x", 5) + "QUIT\r\n",
                     other)) == "220 250 250 250 250 221");
    REQUIRE(other.messages.size() == 1);
    CHECK(other.messages[0].body == std::string("\n.\r\0x", 5));
}

TEST_CASE("[F01] [F04] chunks of text are held to the same line ends") {
    for (const std::string& text :
         {std::string("a\nb"), std::string("a\rb"), std::string("ab\r"), std::string("a\0b", 3)}) {
        const std::string size = std::to_string(text.size());
        CHECK(talk_codes(hello + envelope + "BDAT " + size + " LAST\r\n" + text + "NOOP\r\n") ==
              "220 250 250 250 550 250");
    }
    CHECK(talk_codes(hello + envelope + "BDAT 1\r\n\rBDAT 1\r\nxBDAT 0 LAST\r\nNOOP\r\n") ==
          "220 250 250 250 250 550 503 250");
}

TEST_CASE("[F04] a hundred thousand chunks of one octet end in a refusal and take no memory") {
    FakeBackend backend;
    backend.keeps_bodies = false;
    std::string chunks;
    for (int i = 0; i < 100'000; ++i) chunks += "BDAT 1\r\nx";
    const std::string replies = codes(talk(hello + envelope + chunks, backend));
    CHECK(backend.body_octets == limits::chunks_max);
    CHECK(replies.find("250 554 503") != std::string::npos);
    CHECK(replies.ends_with("503 421"));
    CHECK(backend.messages.empty());
}

TEST_CASE("[F05] what was refused cannot be used") {
    CHECK(talk_codes(hello +
                     "MAIL FROM:<forged@ext.example>\r\nRCPT TO:<b@site.example>\r\nDATA\r\n") ==
          "220 250 553 503 503");
    CHECK(talk_codes(hello + envelope + "BDAT x\r\n") == "220 250 250 250 501");
    CHECK(talk_codes(hello + envelope + "BDAT 3 LAST\r\na\nbDATA\r\n") ==
          "220 250 250 250 550 503");
    CHECK(talk_codes(hello + envelope + "MAIL FROM:<c@ext.example>\r\nDATA\r\n") ==
          "220 250 250 250 503 503");
    CHECK(talk_codes(hello + envelope + "DATA x\r\nDATA\r\n") == "220 250 250 250 501 503");
    CHECK(talk_codes(hello + envelope + message + "DATA\r\nRCPT TO:<b@site.example>\r\n") ==
          "220 250 250 250 354 250 503 503");
}

TEST_CASE("[F06] who speaks before it is his turn is sent away") {
    const auto greeted = [](const std::string& input) {
        FakeBackend backend;
        return blurt(input, backend);
    };
    CHECK(greeted("EHLO x\r\nMAIL FROM:<a@b.example>\r\n") ==
          "554 5.5.0 You must wait for each reply\r\n");
    CHECK(greeted("x") == "554 5.5.0 You must wait for each reply\r\n");
    const auto visit = [](std::vector<std::string> parts) {
        Visit client;
        client.run(std::move(parts));
        CHECK(client.is_closed_by_server);
        CHECK(client.backend.messages.empty());
        return codes(client.replies);
    };
    CHECK(visit({hello + "MAIL FROM:<a@ext.example>\r\n"}) == "220 554");
    CHECK(visit({"HELO x\r\n", envelope}) == "220 250 554");
    CHECK(visit({"NOOP\r\nNOOP\r\n"}) == "220 554");
    CHECK(visit({hello, envelope + "DATA\r\nSubject:"}) == "220 250 250 250 554");
    CHECK(visit({hello, envelope + message}) == "220 250 250 250 554");
    CHECK(visit({hello, "DATA\r\nSubject:"}) == "220 250 554");
    CHECK(visit({hello, "AUTH PLAIN\r\nAGFsaWNlAHNlY3JldA==\r\n"}) == "220 250 554");
}

TEST_CASE("[F07] STARTTLS is a clean cut") {
    Visit visit;
    visit.options = test_options(Service::submission);
    visit.options.start_tls =
        [](std::unique_ptr<net::Stream> stream) -> net::Task<std::unique_ptr<net::Stream>> {
        auto secured =
            std::make_unique<TroubledStream>(std::move(stream), std::make_shared<Trouble>());
        secured->tls_info = fake_tls_info();
        co_return secured;
    };
    SUBCASE("octets behind it in clear end the session") {
        visit.run({hello, "STARTTLS\r\nRSET\r\n"});
        CHECK(codes(visit.replies) == "220 250 554");
        CHECK(visit.is_closed_by_server);
    }
    SUBCASE("what was said before counts for nothing") {
        visit.run({hello, "STARTTLS\r\n", "AUTH PLAIN AGFsaWNlAHNlY3JldA==\r\n",
                   "MAIL FROM:<a@ext.example>\r\n", hello, "MAIL FROM:<a@ext.example>\r\n",
                   "STARTTLS\r\n"});
        CHECK(codes(visit.replies) == "220 250 220 503 503 250 530 503");
        CHECK(visit.backend.states.at(1).helo.empty());
        CHECK(visit.backend.states.at(1).tls.has_value());
    }
    SUBCASE("not within a transaction") {
        visit.options.authentication = Authentication::none;
        visit.run({hello, envelope, "STARTTLS\r\n", "DATA\r\n"});
        CHECK(codes(visit.replies) == "220 250 250 250 503 354");
    }
    SUBCASE("a failed handshake ends the session") {
        visit.options.start_tls =
            [](std::unique_ptr<net::Stream>) -> net::Task<std::unique_ptr<net::Stream>> {
            throw net::Gone(net::Gone::Why::tls, "no common cipher");
            co_return nullptr;
        };
        visit.run({hello, "STARTTLS\r\n"});
        CHECK(visit.is_closed_by_server);
        CHECK(visit.backend.open_sessions == 0);
    }
}

TEST_CASE("[F09] who speaks HTTP is sent away at once") {
    for (const std::string_view method :
         {"GET", "POST", "CONNECT", "HEAD", "PUT", "OPTIONS", "get"}) {
        for (const bool is_tls : {false, true}) {
            Visit visit;
            visit.is_tls = is_tls;
            visit.run({std::string(method) +
                       " / HTTP/1.1\r\nHost: x\r\n\r\nMAIL FROM:<a@ext.example>\r\n"});
            CHECK(codes(visit.replies) == "220 421");
            CHECK(visit.is_closed_by_server);
        }
    }
}

TEST_CASE("[F10] control characters in parameters are refused on every service") {
    for (const Service service : {Service::mx, Service::submission}) {
        ServerOptions options = test_options(service);
        options.authentication = Authentication::none;
        CHECK(talk_codes(hello + "MAIL FROM:<a@site.example> AUTH=x+0Aroot\r\nMAIL "
                                 "FROM:<a@site.example> ENVID=a+00b\r\n",
                         options) == "220 250 501 501");
    }
}

TEST_CASE("[F13] over-long lines end the session after a bounded amount") {
    FakeBackend backend;
    std::string output;
    const std::string flood = "EHLO " + std::string(10 << 20, 'A') + "\r\n";
    CHECK(codes(talk(flood, backend)) == "220 500 421");
    Visit visit;
    visit.run({flood});
    CHECK(visit.replies.find("500 5.5.2") != std::string::npos);
    CHECK(visit.trouble->octets_read < 2048 + 128 * 1024);
    CHECK(visit.is_closed_by_server);
    // At the limit, and one octet over it.
    CHECK(talk_codes("NOOP " + std::string(2048 - 7, 'x') + "\r\n") == "220 250");
    CHECK(talk_codes("NOOP " + std::string(2048 - 6, 'x') + "\r\nNOOP\r\n") == "220 500 421");
    CHECK(talk_codes("AUTH " + std::string(12'288 - 7, 'x') + "\r\n") == "220 538");
    CHECK(talk_codes("AUTH " + std::string(12'288 - 6, 'x') + "\r\n") == "220 500 421");
}

TEST_CASE("[G1] bare CR, LF and NUL in a command end the session") {
    for (const std::string& line :
         {std::string("NOOP\nNOOP\r\n"), std::string("NOOP\n"), std::string("NO\rOP\r\n"),
          std::string("NO\0OP\r\n", 7), std::string("NOOP\r\r\n")})
        CHECK(talk_codes(line + "NOOP\r\n") == "220 500");
}

TEST_CASE("[F14] a silent client is left after five minutes, or ten seconds when it is crowded") {
    Visit visit;
    visit.run({hello, "NOO"}, 1000s);
    CHECK(codes(visit.replies) == "220 250 421");
    CHECK(visit.lasted > 290s);
    CHECK(visit.lasted < 310s);
    Visit crowded;
    crowded.options.is_crowded = [] { return true; };
    crowded.run({hello, "NOO"}, 1000s);
    CHECK(codes(crowded.replies) == "220 250 421");
    CHECK(crowded.lasted < 15s);
}

TEST_CASE("[F14] who waited already when it got crowded is left after ten seconds all the same") {
    for (const bool in_transaction : {false, true}) {
        const auto task = [](FakeBackend& backend, std::string begun,
                             std::string& replies) -> net::Task<void> {
            Drain drain;
            bool crowded = false;
            ServerOptions options = test_options();
            options.drain = &drain;
            options.is_crowded = [&crowded] { return crowded; };
            auto [near, far] = net::memory_pair();
            net::spawn("session", serve(std::move(far), backend, options));
            co_await net::sleep_for(1s);
            co_await near->write(hello);
            co_await net::sleep_for(1s);
            co_await near->write(begun);
            co_await net::sleep_for(1s);
            for (int i = 0; i < 6; ++i) {  // an octet every nine seconds
                co_await near->write("N");
                drain.hurry();
                co_await net::sleep_for(9s);
            }
            const SteadyTime since = net::this_loop().now();
            crowded = true;
            drain.hurry();
            std::array<char, 4096> buffer;
            for (std::size_t count = 1; count > 0;) {
                count = co_await near->read_some(buffer);
                replies.append(buffer.data(), count);
            }
            CHECK(net::this_loop().now() - since < 10s);
        };
        FakeBackend backend;
        std::string replies;
        net::run(task(backend, in_transaction ? envelope : "NOOP\r\n", replies),
                 net::TimeSource::simulated);
        CHECK(codes(replies) == (in_transaction ? "220 250 250 250 421" : "220 250 250 421"));
        CHECK(replies.find("421 4.4.2") != std::string::npos);
    }
}

TEST_CASE("[F14] hurry gives nobody more time, and leaves those alone who have just begun") {
    const auto task = [](FakeBackend& backend,
                         std::chrono::nanoseconds& lasted) -> net::Task<void> {
        Drain drain;
        ServerOptions options = test_options(Service::submission);
        options.drain = &drain;
        options.is_crowded = [] { return true; };
        auto [near, far] = net::memory_pair();
        net::spawn("session", serve(std::move(far), backend, options));
        const SteadyTime since = net::this_loop().now();
        std::array<char, 4096> buffer;
        try {
            for (std::size_t count = 1; count > 0;) {
                near->set_deadline(1s);
                try {
                    count = co_await near->read_some(buffer);
                } catch (const net::Gone& gone) {
                    if (gone.why != net::Gone::Why::deadline) break;
                }
                drain.hurry();
            }
        } catch (const net::Gone&) {
        }
        lasted = net::this_loop().now() - since;
    };
    FakeBackend backend;
    std::chrono::nanoseconds lasted{};
    net::run(task(backend, lasted), net::TimeSource::simulated);
    CHECK(lasted >= 10s);
    CHECK(lasted < 12s);
}

TEST_CASE("[F14] where a login is required there are two minutes for it") {
    Visit visit;
    visit.options = test_options(Service::submission);
    std::vector<std::string> parts(200, "NOOP\r\n");
    visit.run(parts, 1000s);
    CHECK(visit.is_closed_by_server);
    CHECK(visit.lasted < 130s);
}

TEST_CASE("[F14] a body must come at 500 octets a second") {
    Visit slow;
    std::vector<std::string> parts{hello, envelope + "DATA\r\n"};
    for (int i = 0; i < 1000; ++i) parts.emplace_back("x\r\n");
    slow.run(parts, 1000s);
    CHECK(slow.is_closed_by_server);
    CHECK(slow.lasted < 70s);
    Visit silent;
    silent.run({hello, envelope + "DATA\r\n", "Subject: x\r\n"}, 1000s);
    CHECK(silent.replies.find("421 4.4.2") != std::string::npos);
    CHECK(silent.lasted < 70s);
    Visit steady;
    parts = {hello, envelope + "DATA\r\n"};
    for (int i = 0; i < 200; ++i) parts.push_back(std::string(600, 'x') + "\r\n");
    parts.emplace_back(".\r\n");
    steady.run(parts);
    CHECK(steady.backend.messages.size() == 1);
    CHECK(steady.lasted > 190s);
}

TEST_CASE("a backend that takes its time costs the client nothing") {
    for (const bool is_pipelined : {false, true}) {
        Visit visit;
        visit.backend.end_body_takes = 1000s;
        visit.run({hello, envelope + "DATA\r\n",
                   is_pipelined ? "text\r\n.\r\nQUIT\r\n" : "text\r\n.\r\n"},
                  2000s);
        CHECK(codes(visit.replies).starts_with("220 250 250 250 354 250"));
        CHECK(visit.backend.messages.size() == 1);
    }
}

TEST_CASE("a client with too many recipients hears so for each, and keeps its message") {
    ServerOptions options = test_options();
    options.recipients_max = 5;
    std::string recipients;
    for (int i = 0; i < 45; ++i) recipients += "RCPT TO:<b@site.example>\r\n";
    const std::string some =
        talk_codes(hello + "MAIL FROM:<a@ext.example>\r\n" + recipients + message, options);
    CHECK(some.ends_with("452 452 354 250"));
    const std::string many =
        talk_codes(hello + "MAIL FROM:<a@ext.example>\r\n" + recipients + recipients, options);
    CHECK(many.ends_with("452 421"));
}

TEST_CASE("what the server refuses itself is told for the record") {
    FakeBackend backend;
    (void)talk(hello + envelope + "DATA\r\na\nb\r\n.\r\n" + envelope +
                   "BDAT 3 LAST\r\na\nbRCPT\r\nFOO\r\n",
               backend);
    REQUIRE(backend.refusals.size() == 4);
    CHECK(backend.refusals[0].starts_with("DATA The message has an LF"));
    CHECK(backend.refusals[1].starts_with("BDAT The message has an LF"));
    CHECK(backend.refusals[2].starts_with("RCPT "));
    CHECK(backend.refusals[3].starts_with("unknown "));
}

TEST_CASE("[R07] guesses of recipients are slowed down, then ended") {
    FakeBackend backend;
    ServerOptions options = test_options();
    int delays = 0;
    options.delay = [&delays](std::chrono::milliseconds time) -> net::Task<void> {
        CHECK(time == 1s);
        ++delays;
        co_return;
    };
    std::string guesses = hello + "MAIL FROM:<a@ext.example>\r\n";
    for (int i = 0; i < 50; ++i)
        guesses += "RCPT TO:<unknown" + std::to_string(i) + "@site.example>\r\n";
    const std::string replies = codes(talk(guesses, backend, options));
    CHECK(replies == "220 250 250 550 550 550 550 550 550 550 550 550 421");
    CHECK(delays == 8);
}

TEST_CASE("[T01] AUTH before TLS is refused and looked at no further") {
    FakeBackend backend;
    const ServerOptions options = test_options(Service::submission);
    const std::string replies =
        talk(hello + "AUTH PLAIN AGFsaWNlAHNlY3JldA==\r\nAUTH\r\nAUTH !!!\r\n", backend, options);
    CHECK(codes(replies) == "220 250 538 538 538");
    CHECK(replies.find("538 5.7.11") != std::string::npos);
    CHECK(backend.passwords.empty());
    for (const std::string& refusal : backend.refusals)
        CHECK(refusal.find("AGFs") == std::string::npos);
    CHECK(talk_codes("AUTH PLAIN x\r\n") == "220 538");
}

TEST_CASE("AUTH PLAIN and LOGIN, with their mistakes") {
    const ServerOptions options = test_options(Service::submissions);
    const auto auth = [&options](const std::string& lines) {
        FakeBackend backend;
        return codes(talk(hello + lines, backend, options, true));
    };
    const std::string good = text::base64(std::string("\0alice\0secret", 13));
    const std::string bad = text::base64(std::string("\0alice\0guess", 12));
    CHECK(auth("MAIL FROM:<a@ext.example>\r\n") == "220 250 530");
    CHECK(auth("AUTH PLAIN " + good + "\r\n" + envelope + message) ==
          "220 250 235 250 250 354 250");
    CHECK(auth("AUTH PLAIN\r\n" + good + "\r\n") == "220 250 334 235");
    CHECK(auth("AUTH plain " + bad + "\r\nAUTH PLAIN " + good + "\r\n") == "220 250 535 235");
    CHECK(auth("AUTH LOGIN\r\nYWxpY2U=\r\nc2VjcmV0\r\n") == "220 250 334 334 235");
    CHECK(auth("AUTH LOGIN YWxpY2U=\r\nc2VjcmV0\r\n") == "220 250 334 235");
    CHECK(auth("AUTH PLAIN\r\n*\r\nNOOP\r\n") == "220 250 334 501 250");
    CHECK(auth("AUTH PLAIN !\r\nAUTH PLAIN =\r\nAUTH PLAIN AA==\r\nAUTH FOO\r\nAUTH\r\n") ==
          "220 250 501 501 501 504 504");
    CHECK(auth("AUTH PLAIN " + good + "\r\nAUTH PLAIN " + good + "\r\n") == "220 250 235 503");
    CHECK(auth("AUTH PLAIN " + good + "\r\nMAIL FROM:<a@ext.example>\r\nAUTH PLAIN\r\n") ==
          "220 250 235 250 503");
    std::string guesses;
    for (int i = 0; i < 20; ++i) guesses += "AUTH PLAIN " + bad + "\r\n";
    CHECK(auth(guesses) == "220 250 535 535 535 535 535 421");
}

TEST_CASE("sizes and counts are held") {
    ServerOptions options = test_options();
    options.message_octets = 100;
    options.recipients_max = 2;
    const std::string large = std::string(98, 'x') + "\r\n";
    for (const char* size : {"101", "18446744073709551615", "99999999999999999999"})
        CHECK(talk_codes(hello + "MAIL FROM:<a@ext.example> SIZE=" + size + "\r\n", options) ==
              "220 250 552");
    CHECK(talk_codes(hello + envelope + "DATA\r\n" + large + ".\r\n", options) ==
          "220 250 250 250 354 250");
    CHECK(talk_codes(hello + envelope + "DATA\r\n" + large + "x\r\n.\r\nNOOP\r\n", options) ==
          "220 250 250 250 354 552 250");
    CHECK(talk_codes(hello + envelope + "BDAT 60\r\n" + std::string(60, 'x') + "BDAT 41\r\n" +
                         std::string(41, 'x') + "NOOP\r\n",
                     options) == "220 250 250 250 250 552 250");
    CHECK(talk_codes(hello + envelope + "RCPT TO:<c@site.example>\r\nRCPT TO:<d@site.example>\r\n" +
                         message,
                     options) == "220 250 250 250 250 452 354 250");
    Visit visit;
    visit.options = options;
    visit.run({hello, envelope + "DATA\r\n", std::string(70'000'000, 'x')});
    CHECK(visit.replies.find("552 5.3.4") != std::string::npos);
    CHECK(visit.is_closed_by_server);
}

TEST_CASE("too many mistakes end the session") {
    std::string nonsense;
    for (int i = 0; i < 100; ++i) nonsense += "NONSENSE\r\n";
    const std::string replies = talk_codes(nonsense);
    CHECK(replies.size() == 4 * (1 + limits::errors_max + 1) - 1);
    CHECK(replies.ends_with("500 421"));
    std::string idle;
    for (int i = 0; i < 2000; ++i) idle += "NOOP\r\n";
    CHECK(talk_codes(idle).ends_with("250 421"));
}

TEST_CASE("a drain ends idle sessions at once, others after their message") {
    const auto task = [](std::string& idle_replies, std::string& busy_replies,
                         FakeBackend& backend) -> net::Task<void> {
        Drain drain;
        ServerOptions options = test_options();
        options.drain = &drain;
        auto [idle, idle_far] = net::memory_pair();
        auto [busy, busy_far] = net::memory_pair();
        net::spawn("idle", serve(std::move(idle_far), backend, options));
        net::spawn("busy", serve(std::move(busy_far), backend, options));
        co_await idle->write(hello);
        co_await net::sleep_for(1s);
        co_await busy->write(hello);
        co_await net::sleep_for(1s);
        co_await busy->write(envelope + "DATA\r\n");
        co_await net::sleep_for(1s);
        drain.start();
        co_await net::sleep_for(2s);
        co_await busy->write("text\r\n.\r\n");
        co_await net::sleep_for(2s);
        std::array<char, 4096> buffer;
        for (std::size_t count = 1; count > 0;) {
            count = co_await idle->read_some(buffer);
            idle_replies.append(buffer.data(), count);
        }
        for (std::size_t count = 1; count > 0;) {
            count = co_await busy->read_some(buffer);
            busy_replies.append(buffer.data(), count);
        }
    };
    FakeBackend backend;
    std::string idle, busy;
    net::run(task(idle, busy, backend), net::TimeSource::simulated);
    CHECK(codes(idle) == "220 250 421");
    CHECK(idle.find("421 4.3.2") != std::string::npos);
    CHECK(codes(busy) == "220 250 250 250 354 250 421");
    CHECK(backend.messages.size() == 1);
}
