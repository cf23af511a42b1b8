#include "protocols/smtp/client/client.h"

#include <doctest/doctest.h>

#include "formats/address/mailbox.h"
#include "protocols/smtp/server/serve.h"
#include "protocols/smtp/testing/play.h"
#include "protocols/smtp/testing/string_source.h"
#include "system/net/gone.h"
#include "system/net/memory_stream.h"
#include "system/net/spawn.h"
#include "system/net/timer.h"

using namespace pidge;
using namespace pidge::smtp;
using namespace pidge::smtp::testing;
using Outcome = SendResult::Outcome;

namespace {

address::Mailbox mailbox(std::string_view text) {
    return *address::parse_mailbox(text);
}

Envelope envelope(std::vector<std::string> recipients = {"b@site.example"}) {
    Envelope out{.from = {.sender = mailbox("a@ext.example")}};
    for (const std::string& recipient : recipients)
        out.recipients.push_back({.recipient = mailbox(recipient)});
    return out;
}

struct Exchange {
    std::string replies;  // of the server, all there from the beginning
    Envelope envelope = smtp_envelope();
    std::string body = "Subject: x\r\n\r\n.dot\r\n";
    Dialect dialect = Dialect::smtp;
    std::size_t piece_octets = SIZE_MAX;

    static Envelope smtp_envelope() { return ::envelope(); }

    std::string sent;  // what the client wrote
    SendResult result;
    std::string refused;

    void run() {
        const auto task = [](Exchange& self) -> net::Task<void> {
            auto stream =
                std::make_unique<ScriptedStream>(self.replies, self.piece_octets, self.sent);
            Client client(std::move(stream), {.host_name = "out.example", .dialect = self.dialect});
            const Result<void> greeted = co_await client.greet();
            if (!greeted) {
                self.refused = greeted.error().text;
                co_return;
            }
            StringSource source(self.body);
            self.result = co_await client.send(self.envelope, source);
        };
        net::run(task(*this));
    }
};

std::string hello(std::string_view extensions) {
    std::string out = "220 mx ready\r\n250-mx\r\n";
    for (const char c : extensions) {
        if (c == 'p') out += "250-PIPELINING\r\n";
        if (c == 'c') out += "250-CHUNKING\r\n";
        if (c == 'd') out += "250-DSN\r\n";
        if (c == '8') out += "250-8BITMIME\r\n";
        if (c == 's') out += "250-SIZE 1000\r\n";
        if (c == 'u') out += "250-SMTPUTF8\r\n";
        if (c == 'b') out += "250-BINARYMIME\r\n";
    }
    return out + "250 HELP\r\n";
}

int count(std::string_view text, std::string_view part) {
    int n = 0;
    for (std::size_t at = text.find(part); at != std::string_view::npos;
         at = text.find(part, at + 1))
        ++n;
    return n;
}

// It takes this many octets; then writing fails, as at a server that has closed.
class DeafStream final : public net::Stream {
 public:
    DeafStream(std::string input, std::size_t hears)
        : script_(std::move(input), SIZE_MAX, heard_), hears_(hears) {}
    net::Task<std::size_t> read_some(std::span<char> into) override {
        return script_.read_some(into);
    }
    bool has_input() override { return script_.has_input(); }
    net::Task<void> write(std::string_view bytes) override {
        if (heard_.size() + bytes.size() > hears_)
            throw net::Gone(net::Gone::Why::reset, "broken pipe");
        return script_.write(bytes);
    }
    net::Task<void> shutdown() override { return script_.shutdown(); }
    void close() noexcept override {}
    void set_deadline(std::chrono::milliseconds) override {}
    net::Endpoint local() const override { return {}; }
    net::Endpoint remote() const override { return {}; }
    const net::TlsInfo* tls() const override { return nullptr; }

 private:
    std::string heard_;
    ScriptedStream script_;
    const std::size_t hears_;
};

}  // namespace

TEST_CASE("the envelope is pipelined with DATA, dots are stuffed") {
    Exchange exchange{.replies = hello("p") + "250 ok\r\n250 ok\r\n354 go\r\n250 2.0.0 queued\r\n"};
    exchange.run();
    CHECK(exchange.sent ==
          "EHLO out.example\r\nMAIL FROM:<a@ext.example>\r\nRCPT TO:<b@site.example>\r\nDATA\r\n"
          "Subject: x\r\n\r\n..dot\r\n.\r\n");
    CHECK(exchange.result.outcome == Outcome::answered);
    CHECK(exchange.result.recipients[0].is_accepted());
    CHECK(exchange.result.is_reusable);
}

TEST_CASE("replies in pieces of one octet make no difference") {
    Exchange exchange{.replies = hello("p") + "250 ok\r\n250 ok\r\n354 go\r\n250 2.0.0 queued\r\n",
                      .piece_octets = 1};
    exchange.run();
    CHECK(exchange.result.recipients[0].is_accepted());
}

TEST_CASE("a server without EHLO is greeted with HELO, and asked step by step") {
    Exchange exchange{
        .replies = "220 old\r\n500 what?\r\n250 old\r\n250 ok\r\n251 ok\r\n354 go\r\n250 done\r\n"};
    exchange.run();
    CHECK(exchange.sent.find("EHLO out.example\r\nHELO out.example\r\nMAIL") == 0);
    CHECK(exchange.result.recipients[0].is_accepted());
}

TEST_CASE("each recipient has its own reply, and the message goes to those that were accepted") {
    Exchange exchange{
        .replies =
            hello("p") + "250 ok\r\n550 5.1.1 no\r\n250 ok\r\n451 later\r\n354 go\r\n250 done\r\n",
        .envelope = envelope({"a@x.example", "b@x.example", "c@x.example"})};
    exchange.run();
    const auto& recipients = exchange.result.recipients;
    CHECK(recipients[0].stage == RecipientResult::Stage::rcpt);
    CHECK(recipients[0].reply->code == 550);
    CHECK(*recipients[0].reply->status == EnhancedStatus{5, 1, 1});
    CHECK(recipients[1].is_accepted());
    CHECK(recipients[2].reply->is_temporary());
}

TEST_CASE("[C8] no wait is longer than was allowed, whatever the stage would have") {
    const auto task = []() -> net::Task<void> {
        auto [ours, silent] = net::memory_pair();
        Client client(std::move(ours),
                      {.host_name = "out.example", .wait_max = std::chrono::milliseconds(1)});
        (void)co_await client.greet();
    };
    try {
        net::run(task());
        FAIL("a server that says nothing was greeted");
    } catch (const net::Gone& gone) {
        CHECK(gone.why == net::Gone::Why::deadline);
    }
}

TEST_CASE("when nobody is accepted no message is sent, even if the server says 354") {
    Exchange exchange{.replies = hello("p") + "250 ok\r\n550 no\r\n354 go\r\n554 nobody\r\n"};
    exchange.run();
    CHECK(exchange.sent.ends_with("DATA\r\n.\r\n"));
    CHECK(exchange.result.recipients[0].reply->code == 550);
    CHECK(exchange.result.is_reusable);
}

TEST_CASE("a refused MAIL answers for all recipients") {
    Exchange exchange{.replies = hello("p") + "550 5.7.1 not you\r\n503 x\r\n503 x\r\n503 x\r\n",
                      .envelope = envelope({"a@x.example", "b@x.example"})};
    exchange.run();
    for (const auto& recipient : exchange.result.recipients) {
        CHECK(recipient.stage == RecipientResult::Stage::mail);
        CHECK(recipient.reply->code == 550);
    }
    CHECK(exchange.result.is_reusable);
}

TEST_CASE("CHUNKING is used where it is offered, in chunks of a bounded size") {
    std::string body(2 * limits::client_chunk_octets + 10, 'x');
    body.replace(body.size() - 2, 2, "\r\n");
    Exchange exchange{.replies = hello("pc") + "250 ok\r\n250 ok\r\n250 1\r\n250 2\r\n250 done\r\n",
                      .body = body};
    exchange.run();
    CHECK(exchange.result.recipients[0].is_accepted());
    CHECK(count(exchange.sent, "BDAT 1048576\r\n") == 2);
    CHECK(count(exchange.sent, "BDAT 10 LAST\r\nxxxxxxxx\r\n") == 1);
    CHECK(exchange.sent.find("\r\n.\r\n") == std::string::npos);
}

TEST_CASE("a refused chunk ends the message") {
    std::string body(limits::client_chunk_octets + 2, 'x');
    body.replace(body.size() - 2, 2, "\r\n");
    Exchange exchange{.replies = hello("pc") + "250 ok\r\n250 ok\r\n552 5.3.4 too large\r\n",
                      .body = body};
    exchange.run();
    CHECK(exchange.result.outcome == Outcome::answered);
    CHECK(exchange.result.recipients[0].reply->code == 552);
    CHECK_FALSE(exchange.result.recipients[0].is_accepted());
    CHECK(count(exchange.sent, "BDAT") == 1);
}

TEST_CASE("what the server lacks is told before anything is sent") {
    const auto outcome = [](std::string_view extensions, MailFrom from,
                            std::string body = "x\r\n") {
        Exchange exchange{.replies = hello(extensions), .body = std::move(body)};
        from.sender = mailbox("a@ext.example");
        exchange.envelope.from = std::move(from);
        exchange.run();
        CHECK(exchange.sent == "EHLO out.example\r\n");
        CHECK(exchange.result.is_reusable);
        return exchange.result.outcome;
    };
    CHECK(outcome("p", {.body = BodyType::eight_bit}) == Outcome::needs_8bitmime);
    CHECK(outcome("pc8", {.body = BodyType::binary}) == Outcome::needs_binarymime);
    CHECK(outcome("pb8", {.body = BodyType::binary}) == Outcome::needs_binarymime);
    CHECK(outcome("p8", {.smtputf8 = true}) == Outcome::needs_smtputf8);
    CHECK(outcome("ps", {}, std::string(1001, 'x')) == Outcome::too_large);
}

TEST_CASE("parameters are passed on where they are offered") {
    Exchange exchange{.replies = hello("pd8us") + "250 ok\r\n250 ok\r\n354 go\r\n250 done\r\n"};
    exchange.envelope.from.body = BodyType::eight_bit;
    exchange.envelope.from.smtputf8 = true;
    exchange.envelope.from.ret = MailFrom::Return::headers;
    exchange.envelope.from.envelope_id = "a b";
    exchange.envelope.recipients[0].notify = {.is_given = true, .success = true, .delay = true};
    exchange.envelope.recipients[0].original_recipient = "rfc822;o+r@x.example";
    exchange.run();
    CHECK(exchange.sent.find(
              "MAIL FROM:<a@ext.example> SIZE=20 BODY=8BITMIME SMTPUTF8 RET=HDRS ENVID=a+20b\r\n"
              "RCPT TO:<b@site.example> NOTIFY=SUCCESS,DELAY ORCPT=rfc822;o+2Br@x.example\r\n") !=
          std::string::npos);
    CHECK(exchange.result.recipients[0].is_accepted());
}

TEST_CASE("an ORCPT keeps the case of its type, and one beyond ASCII is of the type utf-8") {
    const auto sent = [](const char* original) {
        Exchange exchange{.replies = hello("pd") + "250 ok\r\n250 ok\r\n354 go\r\n250 done\r\n"};
        exchange.envelope.recipients[0].original_recipient = original;
        exchange.run();
        const std::size_t at = exchange.sent.find("ORCPT=");
        return exchange.sent.substr(at, exchange.sent.find('\r', at) - at);
    };
    CHECK(sent("RFC822;Bob@x.example") == "ORCPT=RFC822;Bob@x.example");
    CHECK(sent("rfc822;c\u00e4rol@x.example") == "ORCPT=utf-8;c\\x{E4}rol@x.example");
}

TEST_CASE("what a server says before it closes in the middle of the text is its answer") {
    const auto result = [](std::string replies, std::size_t hears) {
        const auto task = [](std::string all, std::size_t octets) -> net::Task<SendResult> {
            Client client(std::make_unique<DeafStream>(std::move(all), octets),
                          {.host_name = "out.example"});
            CHECK(co_await client.greet());
            StringSource source(std::string("Subject: x\r\n\r\n") + std::string(1 << 20, 'x') +
                                "\r\n");
            const Envelope to = envelope();
            co_return co_await client.send(to, source);
        };
        return net::run(task(std::move(replies), hears));
    };
    for (const std::string& extensions : {std::string(), std::string("c")}) {
        const std::string begun =
            hello(extensions) +
            (extensions.empty() ? "250 ok\r\n250 ok\r\n354 go\r\n" : "250 ok\r\n250 ok\r\n");
        CAPTURE(extensions);
        const SendResult refused = result(begun + "552 5.3.4 too big\r\n", 100'000);
        CHECK(refused.outcome == Outcome::answered);
        CHECK_FALSE(refused.is_reusable);
        REQUIRE(refused.recipients[0].reply);
        CHECK(refused.recipients[0].reply->code == 552);
        CHECK(refused.recipients[0].stage == RecipientResult::Stage::body);
        // Nothing, or nothing that can be true.
        for (const char* other : {"", "250 taken\r\n", "what?\r\n"}) {
            const SendResult lost = result(begun + other, 100'000);
            CHECK(lost.outcome == Outcome::lost_before_end);
            CHECK(lost.trouble == "broken pipe");
            CHECK_FALSE(lost.recipients[0].reply);
        }
    }
    // Before the text each reply has its command.
    CHECK(result(hello("") + "250 ok\r\n550 no\r\n", 40).outcome == Outcome::lost_before_end);
}

TEST_CASE("[R08] a connection lost before the end of the data differs from one lost after it") {
    Exchange before{.replies = hello("p") + "250 ok\r\n250 ok\r\n"};
    before.run();
    CHECK(before.result.outcome == Outcome::lost_before_end);
    CHECK_FALSE(before.result.is_reusable);
    CHECK_FALSE(before.result.trouble.empty());
    CHECK_FALSE(before.result.recipients[0].reply.has_value());

    Exchange after{.replies = hello("p") + "250 ok\r\n250 ok\r\n354 go\r\n"};
    after.run();
    CHECK(after.result.outcome == Outcome::lost_after_end);

    Exchange chunk{.replies = hello("pc") + "250 ok\r\n250 ok\r\n"};
    chunk.run();
    CHECK(chunk.result.outcome == Outcome::lost_after_end);
}

TEST_CASE("a refusal that came before the loss stays") {
    Exchange exchange{.replies = hello("p") + "250 ok\r\n550 no\r\n250 ok\r\n",
                      .envelope = envelope({"a@x.example", "b@x.example"})};
    exchange.run();
    CHECK(exchange.result.outcome == Outcome::lost_before_end);
    CHECK(exchange.result.recipients[0].reply->code == 550);
    CHECK_FALSE(exchange.result.recipients[1].reply.has_value());
}

TEST_CASE("421 is the answer for all that have none, and the end of the connection") {
    for (const std::string& replies :
         {std::string("421 4.3.2 bye\r\n"), std::string("250 ok\r\n421 4.3.2 bye\r\n"),
          std::string("250 ok\r\n250 ok\r\n421 4.3.2 bye\r\n"),
          std::string("250 ok\r\n250 ok\r\n354 go\r\n421 4.3.2 bye\r\n")}) {
        CAPTURE(replies);
        Exchange exchange{.replies = hello("p") + replies};
        exchange.run();
        CHECK(exchange.result.outcome == Outcome::answered);
        REQUIRE(exchange.result.recipients[0].reply.has_value());
        CHECK(exchange.result.recipients[0].reply->code == 421);
        CHECK_FALSE(exchange.result.is_reusable);
    }
}

TEST_CASE("an LMTP server answers for each recipient") {
    Exchange exchange{
        .replies =
            hello("p") +
            "250 ok\r\n250 ok\r\n550 no\r\n250 ok\r\n354 go\r\n250 done\r\n452 4.2.2 full\r\n",
        .envelope = envelope({"a@x.example", "b@x.example", "c@x.example"}),
        .dialect = Dialect::lmtp};
    exchange.run();
    CHECK(exchange.sent.find("LHLO out.example\r\n") == 0);
    CHECK(exchange.result.recipients[0].is_accepted());
    CHECK(exchange.result.recipients[1].reply->code == 550);
    CHECK(exchange.result.recipients[2].reply->code == 452);
    CHECK(exchange.result.recipients[2].stage == RecipientResult::Stage::body);
}

TEST_CASE("[F12] replies that break the protocol are a lost connection, in bounded memory") {
    const std::string start = hello("p");
    const std::vector<std::string> hostile = {
        std::string(10 << 20, 'x'),
        "250-x\r\n550 y\r\n",
        "2 5 0\r\n",
        "25\r\n",
        "abc\r\n",
        "250_ok\r\n",
        "150 early\r\n",
        "650 late\r\n",
        "250 ok\n",
        "250 ok\rmore\r\n",
        "\r\n",
        "354 go\r\n",
        "250 " + std::string(4000, 'x') + "\r\n",
        []() {
            std::string out;
            for (int i = 0; i < 200; ++i) out += "250-x\r\n";
            return out + "250 x\r\n";
        }(),
        []() {
            std::string out;
            for (int i = 0; i < 99; ++i) out += "250-" + std::string(1500, 'x') + "\r\n";
            return out + "250 x\r\n";
        }(),
    };
    for (const std::string& reply : hostile) {
        CAPTURE(reply.substr(0, 30));
        Exchange exchange{.replies = start + reply};
        exchange.run();
        CHECK(exchange.result.outcome == Outcome::lost_before_end);
        CHECK_FALSE(exchange.result.is_reusable);
        for (const char c : exchange.result.trouble) CHECK((c >= 32 && c < 127));
        Exchange at_end{.replies = start + "250 ok\r\n250 ok\r\n354 go\r\n" + reply};
        at_end.run();
        CHECK(at_end.result.outcome == Outcome::lost_after_end);
    }
}

TEST_CASE("[F12] control characters of a reply are shown, not kept") {
    Exchange exchange{.replies = hello("p") + "250 ok\r\n550 5.1.1 a\x1b[2J" +
                                 std::string(1, '\0') + "b\r\n554 x\r\n"};
    exchange.run();
    const std::string text = exchange.result.recipients[0].reply->text();
    for (const char c : text) CHECK((c >= 32 && c < 127));
    CHECK(text.find("[2J") != std::string::npos);
}

TEST_CASE("[F02] a message that is not canonical never leaves by DATA or BDAT") {
    for (const std::string& body :
         {std::string("a\nb\r\n"), std::string("a\rb\r\n"), std::string("a\r\n.\nb\r\n"),
          std::string("a\0b\r\n", 5), std::string("a\r\n\r"), std::string("a\n.\r\nx\r\n")}) {
        for (const std::string_view extensions : {"p", "pc"}) {
            CAPTURE(body);
            Exchange exchange{
                .replies = hello(extensions) + "250 ok\r\n250 ok\r\n354 go\r\n250 done\r\n",
                .body = body};
            exchange.run();
            CHECK(exchange.result.outcome == Outcome::not_canonical);
            CHECK_FALSE(exchange.result.is_reusable);
            CHECK(exchange.sent.find("\r\n.\r\n") == std::string::npos);
            CHECK(exchange.sent.find("LAST") == std::string::npos);
        }
    }
}

TEST_CASE("a refused greeting is a refusal with its reply code") {
    Exchange exchange{.replies = "554 5.7.1 go away\r\n"};
    exchange.run();
    CHECK(exchange.refused == "go away");
}

namespace {

struct Pair {
    FakeBackend backend;
    ServerOptions options = test_options();
    std::shared_ptr<Trouble> trouble = std::make_shared<Trouble>();
    std::vector<SendResult> results;
    Result<void> secured, authenticated;
    bool has_tls = false;

    static net::Task<std::unique_ptr<net::Stream>> pretend_tls(std::unique_ptr<net::Stream> plain) {
        auto stream =
            std::make_unique<TroubledStream>(std::move(plain), std::make_shared<Trouble>());
        stream->tls_info = fake_tls_info();
        co_return stream;
    }

    static net::Task<void> talk(Pair& self, std::vector<std::string> bodies, std::string password) {
        auto [near, far] = net::memory_pair();
        net::spawn("server", serve(std::move(far), self.backend, self.options));
        Client client(std::make_unique<TroubledStream>(std::move(near), self.trouble),
                      {.host_name = "out.example", .start_tls = pretend_tls});
        CHECK(co_await client.greet());
        if (!password.empty()) {
            self.secured = co_await client.start_tls();
            self.has_tls = client.tls() != nullptr;
            self.authenticated =
                co_await client.authenticate({.login = "alice", .password = password});
        }
        for (const std::string& body : bodies) {
            StringSource source(body);
            self.results.push_back(
                co_await client.send(envelope({"b@site.example", "unknown@site.example"}), source));
        }
        co_await client.quit();
    }
};

}  // namespace

TEST_CASE("our client and our server understand each other, message after message") {
    Pair pair;
    net::run(Pair::talk(pair, {"one\r\n", ".two\r\n", std::string(100'000, 'x') + "\r\n"}, ""),
             net::TimeSource::simulated);
    REQUIRE(pair.backend.messages.size() == 3);
    CHECK(pair.backend.messages[1].body == ".two\r\n");
    CHECK(pair.backend.messages[2].body.size() == 100'002);
    for (const SendResult& result : pair.results) {
        CHECK(result.recipients[0].is_accepted());
        CHECK(*result.recipients[1].reply->status == EnhancedStatus{5, 1, 1});
    }
}

TEST_CASE("STARTTLS and SCRAM with channel binding, then a message") {
    Pair pair;
    pair.options = test_options(Service::submission);
    pair.options.start_tls = Pair::pretend_tls;
    net::run(Pair::talk(pair, {"one\r\n"}, "secret"), net::TimeSource::simulated);
    CHECK(pair.secured);
    CHECK(pair.has_tls);
    CHECK(pair.authenticated);
    CHECK(pair.backend.passwords.empty());  // the password was not sent
    REQUIRE(pair.backend.messages.size() == 1);
    CHECK(pair.backend.messages[0].client.identity->login == "alice");
    CHECK(pair.backend.messages[0].client.tls.has_value());
}

TEST_CASE("a wrong password is refused, and nothing can be sent") {
    Pair pair;
    pair.options = test_options(Service::submission);
    pair.options.start_tls = Pair::pretend_tls;
    net::run(Pair::talk(pair, {"one\r\n"}, "guess"), net::TimeSource::simulated);
    REQUIRE_FALSE(pair.authenticated);
    CHECK(pair.authenticated.error().reply_code == 535);
    CHECK(pair.backend.messages.empty());
    CHECK(pair.results[0].recipients[0].reply->code == 530);
}

TEST_CASE("[F07] a server that sends more than its reply to STARTTLS is left") {
    std::string sent;
    bool is_gone = false;
    const auto task = [](std::string& out, bool& gone) -> net::Task<void> {
        auto stream = std::make_unique<ScriptedStream>(
            "220 mx\r\n250-mx\r\n250 STARTTLS\r\n220 go\r\n250-mx\r\n250 AUTH PLAIN\r\n", SIZE_MAX,
            out);
        Client client(std::move(stream),
                      {.host_name = "out.example", .start_tls = Pair::pretend_tls});
        CHECK(co_await client.greet());
        try {
            (void)co_await client.start_tls();
        } catch (const net::Gone& error) {
            gone = error.why == net::Gone::Why::tls;
        }
    };
    net::run(task(sent, is_gone));
    CHECK(is_gone);
}

TEST_CASE("[R08] whatever step the connection is lost at, the outcome tells the truth") {
    const auto task = [](Pair& self, std::string body) -> net::Task<void> {
        auto [near, far] = net::memory_pair();
        net::spawn("server", serve(std::move(far), self.backend, self.options));
        Client client(std::make_unique<TroubledStream>(std::move(near), self.trouble),
                      {.host_name = "out.example"});
        try {
            if (!co_await client.greet()) co_return;
        } catch (const net::Gone&) {
            co_return;
        }
        StringSource source(std::move(body), 100'000);
        self.results.push_back(co_await client.send(envelope(), source));
        client.close();
        co_await net::sleep_for(std::chrono::seconds(10));  // lets the server finish
    };
    int before = 0, after = 0, answered = 0;
    for (const std::size_t size : {std::size_t{10}, std::size_t{3'000'000}}) {
        for (std::size_t step = 0;; ++step) {
            CAPTURE(step);
            Pair pair;
            pair.trouble->fails_at_step = step;
            net::run(task(pair, std::string(size, 'x') + "\r\n"), net::TimeSource::simulated);
            const std::size_t delivered = pair.backend.messages.size();
            CHECK(delivered <= 1);
            if (pair.results.empty()) {
                CHECK(delivered == 0);
                continue;
            }
            const SendResult& result = pair.results[0];
            if (result.outcome == Outcome::lost_before_end) CHECK(delivered == 0);
            if (result.recipients[0].is_accepted()) CHECK(delivered == 1);
            before += result.outcome == Outcome::lost_before_end;
            after += result.outcome == Outcome::lost_after_end;
            answered += result.outcome == Outcome::answered;
            if (result.outcome == Outcome::answered) break;
        }
    }
    CHECK(before > 5);
    CHECK(after > 1);
    CHECK(answered == 2);
}
