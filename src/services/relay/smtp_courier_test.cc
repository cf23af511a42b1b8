// The courier against scripted servers, in simulated time.
#include <doctest/doctest.h>

#include <algorithm>

#include "base/text.h"
#include "services/relay/smtp_courier.h"
#include "services/relay/testing/scripted_server.h"
#include "system/crypto/digest.h"
#include "system/dns/testing/fake_resolver.h"
#include "system/net/gone.h"
#include "system/net/listener.h"
#include "system/net/spawn.h"
#include "system/store/memory/memory_store.h"
#include "system/tls/testing/peers.h"

using namespace pidge;
using namespace pidge::relay;
using namespace pidge::relay::testing;
using Kind = queue::RecipientResult::Kind;
using Tls = queue::Destination::Tls;

namespace {

class TextBlob final : public store::BlobReader {
 public:
    explicit TextBlob(std::string text) : text_(std::move(text)) {}
    std::uint64_t size_bytes() const override { return text_.size(); }
    net::Task<Bytes> read(std::uint64_t offset, std::size_t length) override {
        co_return text_.substr(offset, length);
    }

 private:
    std::string text_;
};

const tls::testing::Site& tls_site() {
    static const tls::testing::Site site({"mx1.example.org"});
    return site;
}

// A domain with two exchangers, and what is sent there.
struct Scene {
    dns::testing::FakeResolver dns;
    std::map<std::string, ScriptedServer> servers;  // by address
    queue::Entry entry;
    std::string body = "Subject: hello\r\n\r\n.dot\r\nHello\r\n";
    queue::Destination destination{.kind = queue::Destination::Kind::mx, .host = "example.org"};
    dns::Self self;
    std::string policy;  // the MTA-STS policy of example.org, as its web server has it
    std::string password = "open sesame";
    std::string authorities;  // PEM; empty: that of tls_site
    std::vector<tlsrpt::Session> sessions;

    Connected connected;
    std::optional<Delivery> delivery;
    std::string tls;  // of the line
    bool is_used_up = false;

    Scene() {
        dns.mx("example.org", {{10, "mx1.example.org"}}).a("mx1.example.org", "192.0.2.1");
        servers["192.0.2.1"].tls = tls_site().server;
        entry.sender = address::Mailbox{.local_part = "alice", .domain = "site.example"};
        entry.recipients.push_back({.address = {.local_part = "bob", .domain = "example.org"}});
        entry.trace = "Received: by us\r\n";
    }
    ScriptedServer& server() { return servers["192.0.2.1"]; }

    net::Task<std::unique_ptr<net::Stream>> dial(net::Endpoint endpoint) {
        const auto found = servers.find(endpoint.address.text());
        if (found == servers.end()) throw net::Gone(net::Gone::Why::reset, "no route to host");
        co_return co_await found->second.dial(endpoint);
    }
    net::Task<Result<http::Fetched>> fetch(http::FetchRequest) {
        if (policy.empty()) co_return Refusal{.text = "nobody is there"};
        co_return http::Fetched{200, "text/plain", policy};
    }
    net::Task<Result<crypto::Secret>> tell_password() { co_return crypto::Secret(password); }
    void announce(const std::string& mode, const std::string& host) {
        dns.txt("_mta-sts.example.org", "v=STSv1; id=1").a("mta-sts.example.org", "192.0.2.80");
        policy = "version: STSv1\nmode: " + mode + "\nmx: " + host + "\nmax_age: 86400\n";
    }
    std::string told() const {
        std::string text;
        for (const tlsrpt::Session& session : sessions)
            text += std::string(tlsrpt::policy_type_name(session.policy.type)) + " " +
                    std::string(tlsrpt::result_type_name(session.result.type)) + ";";
        return text;
    }
    net::Task<void> run(std::vector<std::string> avoid = {}) {
        const tls::testing::Folder folder;
        auto contexts =
            TlsContexts::create(authorities.empty() ? tls_site().authority_path
                                                    : folder.write("authorities", authorities));
        REQUIRE(contexts);
        ManualClock clock{WallTime(std::chrono::seconds(1'700'000'000))};
        const auto store = store::open_memory(clock);
        sts::Policies policies(
            {.store = *store,
             .clock = clock,
             .resolver = dns,
             .fetch = [this](http::FetchRequest request) { return fetch(std::move(request)); }});
        SmtpCourier courier(
            {.resolver = dns,
             .tls = *contexts,
             .dial = [this](net::Endpoint to) { return dial(to); },
             .policies = &policies,
             .observe = [this](tlsrpt::Session seen) { sessions.push_back(std::move(seen)); },
             .password = [this](queue::Destination) { return tell_password(); },
             .self = [this] { return self; }},
            {.own_name = "relay.site.example"});
        connected = co_await courier.connect(destination, std::move(avoid));
        if (!connected.line) co_return;
        tls = connected.line->info().tls;
        Body pieces(entry.trace, std::make_unique<TextBlob>(body));
        delivery = co_await connected.line->deliver(entry, pieces);
        is_used_up = connected.line->is_used_up();
        co_await connected.line->quit();
        connected.line.reset();
    }
    void play(std::vector<std::string> avoid = {}) {
        net::run(run(std::move(avoid)), net::TimeSource::simulated);
    }
    queue::RecipientResult result() const {
        return delivery ? delivery->results.at(0) : connected.failure;
    }
};

bool is_no_reply(Behaviour behaviour) {
    return behaviour != Behaviour::temporary && behaviour != Behaviour::permanent;
}

// The table of C8: what each cell must come to, by rule.
Kind expected(Stage stage, Behaviour behaviour) {
    if (behaviour == Behaviour::normal || stage == Stage::quit) return Kind::accepted;
    if (stage == Stage::connect) return Kind::temporary;
    // What is only opportunistic is done without when it does not work; 421 ends the attempt.
    if (stage == Stage::start_tls && behaviour == Behaviour::closing) return Kind::temporary;
    if (stage == Stage::start_tls || stage == Stage::handshake) return Kind::accepted;
    if (stage == Stage::hello_again && is_no_reply(behaviour) && behaviour != Behaviour::closing)
        return Kind::accepted;
    return behaviour == Behaviour::permanent ? Kind::permanent : Kind::temporary;
}

}  // namespace

TEST_CASE("[C8] a server that misbehaves at any stage in any way causes what the table says") {
    for (const bool pipelining : {false, true}) {
        for (int s = 0; s < stages; ++s) {
            for (int b = 0; b < behaviours; ++b) {
                const auto stage = static_cast<Stage>(s);
                const auto behaviour = static_cast<Behaviour>(b);
                CAPTURE(pipelining);
                CAPTURE(s);
                CAPTURE(b);
                Scene scene;
                if (behaviour != Behaviour::normal) scene.server().script[stage] = behaviour;
                if (pipelining) scene.server().extensions.push_back("PIPELINING");
                if (stage == Stage::body) scene.body.append(1 << 20, 'x').append("\r\n");
                scene.play();
                const queue::RecipientResult result = scene.result();
                CHECK(result.kind == expected(stage, behaviour));
                CHECK(scene.server().messages.size() ==
                      (expected(stage, behaviour) == Kind::accepted ? 1 : 0));
                CHECK(result.text == text::printable(result.text));
                // [F12]: a reply without end is not read to its end.
                CHECK(scene.server().written_huge < 256 * 1024);
                if (result.kind == Kind::temporary) CHECK(result.status.klass == 4);
                if (result.kind == Kind::permanent) CHECK(result.status.klass == 5);
            }
        }
    }
}

TEST_CASE("what is sent is the trace and the body, dots stuffed, over TLS where it is offered") {
    Scene scene;
    scene.play();
    REQUIRE(scene.server().messages.size() == 1);
    const auto& message = scene.server().messages[0];
    CHECK(message.body == "Received: by us\r\nSubject: hello\r\n\r\n..dot\r\nHello\r\n");
    CHECK(message.over_tls);
    CHECK(scene.tls.starts_with("TLSv1."));
    CHECK(message.envelope[0].starts_with("MAIL FROM:<alice@site.example>"));
    CHECK(message.envelope[1].starts_with("RCPT TO:<bob@example.org>"));
    CHECK(scene.delivery->line == Delivery::Line::usable);
    CHECK(scene.delivery->passed_reports_on);
    CHECK(scene.delivery->results[0].status == EnhancedStatus{2, 0, 0});
}

// RFC 3461 §5.2.1 (b).
TEST_CASE("RET goes on as it was given, and only then") {
    const auto mail = [](queue::Return ret) {
        Scene scene;
        scene.entry.ret = ret;
        scene.play();
        return scene.server().messages.at(0).envelope.at(0);
    };
    CHECK(mail(queue::Return::unspecified) == "MAIL FROM:<alice@site.example>");
    CHECK(mail(queue::Return::headers) == "MAIL FROM:<alice@site.example> RET=HDRS");
    CHECK(mail(queue::Return::full) == "MAIL FROM:<alice@site.example> RET=FULL");
}

TEST_CASE("the next exchanger is tried when one refuses the connection or us") {
    for (const Behaviour behaviour : {Behaviour::reset, Behaviour::temporary, Behaviour::permanent,
                                      Behaviour::closing, Behaviour::hang}) {
        for (const Stage stage : {Stage::connect, Stage::greeting, Stage::hello}) {
            Scene scene;
            scene.dns.mx("example.org", {{10, "mx1.example.org"}, {20, "mx2.example.org"}})
                .a("mx2.example.org", "2001:db8::2")
                .a("mx2.example.org", "192.0.2.2");
            scene.servers["192.0.2.2"];  // the IPv6 address is not reachable
            scene.server().script[stage] = behaviour;
            scene.play();
            CHECK(scene.result().kind == Kind::accepted);
            CHECK(scene.servers["192.0.2.2"].messages.size() == 1);
            CHECK(scene.connected.tried.size() == 2);
        }
    }
}

TEST_CASE("a host that broke off is not tried again for the same message") {
    Scene scene;
    scene.play({"192.0.2.1:25"});
    CHECK(scene.server().connections == 0);
    CHECK(scene.result().kind == Kind::temporary);
}

TEST_CASE("[C7] only what the DNS is sure of fails a message") {
    const auto outcome = [](auto change) {
        Scene scene;
        change(scene);
        scene.play();
        return std::pair{scene.result().kind, scene.result().status.text()};
    };
    using dns::Type;
    CHECK(outcome([](Scene& s) { s.dns.forget("example.org").null_mx("example.org"); }) ==
          std::pair{Kind::permanent, std::string("5.1.10")});
    CHECK(outcome([](Scene& s) { s.dns.forget("example.org"); }) ==
          std::pair{Kind::permanent, std::string("5.1.2")});
    CHECK(outcome([](Scene& s) { s.dns.trouble("example.org", Type::mx); }) ==
          std::pair{Kind::temporary, std::string("4.4.3")});
    CHECK(outcome([](Scene& s) {
              s.dns.trouble("mx1.example.org", Type::a).trouble("mx1.example.org", Type::aaaa);
          }).first == Kind::temporary);
    CHECK(outcome([](Scene& s) { s.self.names = {"mx1.example.org"}; }) ==
          std::pair{Kind::permanent, std::string("5.4.6")});
    CHECK(outcome([](Scene& s) { s.self.addresses = {*net::Address::parse("192.0.2.1")}; }) ==
          std::pair{Kind::permanent, std::string("5.4.6")});
    CHECK(outcome([](Scene& s) { s.destination.host = "[192.0.2.1]"; }).first == Kind::accepted);
    // A next hop is the site's own doing: its absence is repaired, not reported.
    CHECK(outcome([](Scene& s) {
              s.destination = *queue::Destination::parse("smtp:gone.example:25");
          }).first == Kind::temporary);
    CHECK(outcome([](Scene& s) {
              s.destination = *queue::Destination::parse("smtp:192.0.2.1:2525");
          }).first == Kind::accepted);
}

TEST_CASE("[T03] proven TLSA records make TLS a must, and the certificate must match") {
    // DANE-TA(2): the authority that has issued the certificate.
    const auto record = [](std::string_view authority) {
        const crypto::Digest digest = crypto::sha256(authority);
        return dns::TlsaRecord{2, 0, 1, Bytes(crypto::bytes_of(digest))};
    };
    const std::string name = "_25._tcp.mx1.example.org";
    const auto prepare = [&](Scene& scene, bool is_right) {
        scene.dns.tlsa(
            name, record(is_right ? tls_site().authority.certificate().certificate_der : "other"));
        scene.dns.secure("example.org").secure("mx1.example.org").secure(name);
    };
    SUBCASE("match") {
        Scene scene;
        prepare(scene, true);
        scene.play();
        CHECK(scene.result().kind == Kind::accepted);
        CHECK(scene.tls.ends_with(", dane"));
    }
    SUBCASE("no match") {
        Scene scene;
        prepare(scene, false);
        scene.play();
        CHECK(scene.result().kind == Kind::temporary);
        CHECK(scene.server().messages.empty());
        CHECK_FALSE(scene.server().mail_in_clear);
    }
    SUBCASE("STARTTLS is not offered, refused, or does not work") {
        for (const auto stage : {Stage::connect, Stage::start_tls, Stage::handshake}) {
            Scene scene;
            prepare(scene, true);
            if (stage == Stage::connect)
                scene.server().tls = nullptr;
            else
                scene.server().script[stage] = Behaviour::permanent;
            scene.play();
            CHECK(scene.result().kind == Kind::temporary);
            CHECK_FALSE(scene.server().mail_in_clear);
        }
    }
    SUBCASE("the records cannot be looked up") {
        Scene scene;
        prepare(scene, true);
        scene.dns.trouble(name, dns::Type::tlsa);
        scene.play();
        CHECK(scene.result().kind == Kind::temporary);
        CHECK(scene.server().connections == 0);
    }
    SUBCASE("records that nothing proves count for nothing") {
        Scene scene;
        scene.dns.tlsa(name, record("other"));
        scene.play();
        CHECK(scene.result().kind == Kind::accepted);
    }
    SUBCASE("unusable records ask for TLS with any certificate") {
        for (const bool has_tls : {true, false}) {
            Scene scene;
            scene.dns.tlsa(name, dns::TlsaRecord{1, 1, 1, std::string(32, 'x')});
            scene.dns.secure("example.org").secure("mx1.example.org").secure(name);
            if (!has_tls) scene.server().tls = nullptr;
            scene.play();
            CHECK(scene.result().kind == (has_tls ? Kind::accepted : Kind::temporary));
            CHECK_FALSE(scene.server().mail_in_clear);
        }
    }
}

TEST_CASE("[T03] an MTA-STS policy makes TLS with a certificate of a host that it names a must") {
    struct Case {
        std::string mode, named;
        bool offers_tls, right_certificate;
        Kind kind;
        std::string told;
    };
    for (const Case& c : {
             Case{"enforce", "mx1.example.org", true, true, Kind::accepted, "sts success;"},
             Case{"enforce", "*.example.org", true, true, Kind::accepted, "sts success;"},
             Case{"enforce", "mx1.example.org", true, false, Kind::temporary,
                  "sts certificate-host-mismatch;"},
             Case{"enforce", "mx1.example.org", false, true, Kind::temporary,
                  "sts starttls-not-supported;"},
             Case{"enforce", "mx2.example.org", true, true, Kind::temporary,
                  "sts validation-failure;"},
             Case{"testing", "mx1.example.org", true, true, Kind::accepted, "sts success;"},
             Case{"testing", "mx1.example.org", true, false, Kind::accepted,
                  "sts certificate-host-mismatch;"},
             Case{"testing", "mx1.example.org", false, true, Kind::accepted,
                  "sts starttls-not-supported;"},
             Case{"testing", "mx2.example.org", true, true, Kind::accepted,
                  "sts validation-failure;"},
             Case{"none", "mx2.example.org", false, true, Kind::accepted,
                  "no-policy-found starttls-not-supported;"},
         }) {
        CAPTURE(c.mode);
        CAPTURE(c.named);
        CAPTURE(c.told);
        Scene scene;
        scene.announce(c.mode, c.named);
        if (!c.offers_tls) scene.server().tls = nullptr;
        if (!c.right_certificate) {
            static const tls::testing::Site other({"other.example.org"});
            scene.server().tls = other.server;
            scene.authorities = tls_site().authority.certificate().certificate_pem +
                                other.authority.certificate().certificate_pem;
        }
        scene.play();
        CHECK(scene.result().kind == c.kind);
        CHECK(scene.told() == c.told);
        if (c.kind == Kind::temporary) {
            CHECK(scene.result().status.klass == 4);
            CHECK(scene.result().status.subject == 7);
            CHECK_FALSE(scene.server().mail_in_clear);
            CHECK(scene.server().messages.empty());
        }
    }
}

TEST_CASE("[T03] a host that an MTA-STS policy does not name is passed over for one that it does") {
    Scene scene;
    scene.announce("enforce", "mx1.example.org");
    scene.dns.forget("example.org")
        .mx("example.org", {{5, "evil.example"}, {10, "mx1.example.org"}})
        .a("evil.example", "192.0.2.66");
    scene.servers["192.0.2.66"].tls = tls_site().server;
    scene.play();
    CHECK(scene.result().kind == Kind::accepted);
    CHECK(scene.servers["192.0.2.66"].connections == 0);
    CHECK(scene.told() == "sts validation-failure;sts success;");
}

TEST_CASE("[T03] a policy that cannot be had is told, and binds nobody at first sight") {
    Scene scene;
    scene.announce("enforce", "mx1.example.org");
    scene.policy = "";
    scene.server().tls = nullptr;
    scene.play();
    CHECK(scene.result().kind == Kind::accepted);
    CHECK(scene.told() == "sts sts-policy-fetch-error;no-policy-found starttls-not-supported;");
}

TEST_CASE("proven TLSA records count instead of an MTA-STS policy") {
    const std::string name = "_25._tcp.mx1.example.org";
    for (const bool is_right : {true, false}) {
        Scene scene;
        scene.announce("enforce", "mx9.example.org");  // which it does not name
        const auto& authority = tls_site().authority.certificate().certificate_der;
        const crypto::Digest digest = crypto::sha256(is_right ? authority : Bytes("other"));
        scene.dns.tlsa(name, {2, 0, 1, Bytes(crypto::bytes_of(digest))});
        scene.dns.secure("example.org").secure("mx1.example.org").secure(name);
        scene.play();
        CHECK(scene.result().kind == (is_right ? Kind::accepted : Kind::temporary));
        REQUIRE(scene.sessions.size() == 1);
        CHECK(scene.sessions[0].policy.type == tlsrpt::PolicyType::tlsa);
        CHECK(scene.sessions[0].policy.strings.at(0).starts_with("2 0 1 "));
        CHECK((scene.sessions[0].result.type == tlsrpt::ResultType::success) == is_right);
        CHECK(scene.sessions[0].receiving_host == "mx1.example.org");
        CHECK(scene.sessions[0].receiving_address == "192.0.2.1");
    }
}

TEST_CASE("what is to arrive in any case asks for no policy and is not told of") {
    Scene scene;
    scene.announce("enforce", "mx1.example.org");
    scene.destination.tls = Tls::any;
    scene.server().tls = nullptr;
    scene.play();
    CHECK(scene.result().kind == Kind::accepted);
    CHECK(scene.sessions.empty());
}

TEST_CASE("[T03] a password is told within verified TLS only") {
    for (const bool has_tls : {true, false}) {
        Scene scene;
        scene.destination = *queue::Destination::parse("smtp:mx1.example.org:587;user=alice");
        scene.server().extensions.push_back("AUTH PLAIN");
        if (!has_tls) scene.server().tls = nullptr;
        scene.play();
        const auto& commands = scene.server().commands;
        const auto is_login = [](const std::string& line) { return line.starts_with("AUTH"); };
        CHECK(std::ranges::any_of(commands, is_login) == has_tls);
        // The scripted server knows no AUTH.
        CHECK(scene.result().kind == Kind::temporary);
        CHECK(scene.result().text.find("open sesame") == std::string::npos);
        if (has_tls) CHECK(scene.result().status.text() == "4.7.8");
    }
}

TEST_CASE("TLS that is required or verified is never done without") {
    struct Case {
        Tls tls;
        bool offered, right_name;
        Kind kind;
    };
    for (const Case& c : {Case{Tls::required, true, false, Kind::accepted},
                          Case{Tls::required, false, true, Kind::temporary},
                          Case{Tls::verified, true, true, Kind::accepted},
                          Case{Tls::verified, true, false, Kind::temporary},
                          Case{Tls::verified, false, true, Kind::temporary},
                          Case{Tls::opportunistic, true, false, Kind::accepted},
                          Case{Tls::opportunistic, false, true, Kind::accepted}}) {
        Scene scene;
        scene.destination.tls = c.tls;
        if (!c.offered) scene.server().tls = nullptr;
        if (!c.right_name) {
            scene.dns.forget("example.org")
                .mx("example.org", {{10, "other.example"}})
                .a("other.example", "192.0.2.1");
        }
        scene.play();
        CHECK(scene.result().kind == c.kind);
        if (c.tls != Tls::opportunistic) CHECK_FALSE(scene.server().mail_in_clear);
    }
}

TEST_CASE("[P15] what a host cannot take is told by its status") {
    Scene utf8;
    utf8.server().extensions = {"8BITMIME"};
    utf8.entry.smtputf8 = true;
    utf8.play();
    CHECK(utf8.result().status.text() == "5.6.7");
    CHECK(utf8.delivery->line == Delivery::Line::usable);
    Scene large;
    large.server().extensions = {"SIZE 20"};
    large.play();
    CHECK(large.result().status.text() == "5.3.4");
}

TEST_CASE("a message with octets above 127 is converted for a host without 8BITMIME") {
    for (const bool pipelining : {false, true}) {
        Scene scene;
        scene.server().extensions = {"SIZE 100000"};
        if (pipelining) scene.server().extensions.push_back("PIPELINING");
        scene.entry.eight_bit = true;
        scene.body =
            "Subject: hello\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n"
            "Content-Transfer-Encoding: 8bit\r\n\r\n.gr\xc3\xbc\xc3\x9f"
            "e\r\n";
        scene.play();
        CHECK(scene.result().kind == Kind::accepted);
        CHECK(scene.delivery->is_converted);
        REQUIRE(scene.server().messages.size() == 1);
        const auto& message = scene.server().messages[0];
        const std::string sent =
            "Received: by us\r\nSubject: hello\r\nMIME-Version: 1.0\r\n"
            "Content-Type: text/plain; charset=utf-8\r\n"
            "Content-Transfer-Encoding: quoted-printable\r\n\r\n=2Egr=C3=BC=C3=9Fe\r\n";
        CHECK(message.body == sent);
        CHECK(message.envelope[0] ==
              "MAIL FROM:<alice@site.example> SIZE=" + std::to_string(sent.size()));
    }
}

TEST_CASE("a message that was only declared 8BITMIME goes to any host as it is") {
    Scene scene;
    scene.server().extensions = {};
    scene.entry.eight_bit = true;
    scene.play();
    CHECK(scene.result().kind == Kind::accepted);
    CHECK_FALSE(scene.delivery->is_converted);
    CHECK(scene.server().messages.at(0).body.ends_with("\r\n\r\n..dot\r\nHello\r\n"));
}

TEST_CASE("a message that cannot be converted fails with the reason") {
    const auto result = [](std::string body) {
        Scene scene;
        scene.server().extensions = {};
        scene.entry.eight_bit = true;
        scene.body = std::move(body);
        scene.play();
        CHECK(scene.server().messages.empty());
        CHECK(scene.delivery->line == Delivery::Line::usable);
        return scene.result();
    };
    const auto signed_part = result(
        "MIME-Version: 1.0\r\nContent-Type: multipart/signed; boundary=b\r\n\r\n--b\r\n"
        "Content-Transfer-Encoding: 8bit\r\n\r\n\xc3\xbc\r\n--b--\r\n");
    CHECK(signed_part.kind == Kind::permanent);
    CHECK(signed_part.status.text() == "5.6.3");
    CHECK(signed_part.text.find("does not offer 8BITMIME") != std::string::npos);
    CHECK(signed_part.text.find("signed") != std::string::npos);
    CHECK(result("Subject: \xc3\xbc\r\n\r\nhello\r\n").status.text() == "5.6.7");
}

TEST_CASE("a large message is converted piece by piece") {
    Scene scene;
    scene.server().extensions = {};
    scene.entry.eight_bit = true;
    scene.body =
        "MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n"
        "Content-Transfer-Encoding: 8bit\r\nContent-Type: application/x-any\r\n\r\n";
    for (int i = 0; i < 50'000; ++i) scene.body += "a line of gr\xc3\xbc\xc3\x9f with a number\r\n";
    scene.body += "--b--\r\n";
    scene.play();
    REQUIRE(scene.server().messages.size() == 1);
    const std::string& sent = scene.server().messages[0].body;
    CHECK(sent.find("Content-Transfer-Encoding: base64") != std::string::npos);
    CHECK(std::ranges::all_of(sent, [](char c) { return static_cast<unsigned char>(c) < 128; }));
    CHECK(sent.size() > scene.body.size() * 4 / 3);
}

TEST_CASE("[F02] a body with odd line ends never leaves") {
    for (const char* odd : {"\n.\n", "\n.\r", "\r.\n", "\r.\r", "\n.\r\n", "\r.\r\n", "\r\n.\n",
                            "\r\n.\r", "\r\n.\r\r\n"}) {
        Scene scene;
        scene.body += odd + std::string("MAIL FROM:<x@y>\r\n");
        scene.play();
        CHECK(scene.result().kind == Kind::permanent);
        CHECK(scene.server().messages.empty());
    }
}

TEST_CASE("many recipients go in several transactions, each with its own answer") {
    Scene scene;
    for (int i = 0; i < 249; ++i)
        scene.entry.recipients.push_back(
            {.address = {.local_part = "r" + std::to_string(i), .domain = "example.org"}});
    scene.play();
    CHECK(scene.server().messages.size() == 3);
    CHECK(scene.delivery->results.size() == 250);
    CHECK(std::ranges::all_of(scene.delivery->results,
                              [](const auto& r) { return r.kind == Kind::accepted; }));
}

TEST_CASE("LMTP answers for each recipient") {
    Scene scene;
    scene.server().is_lmtp = true;
    scene.destination = *queue::Destination::parse("lmtp:192.0.2.1:24");
    scene.entry.recipients.push_back(scene.entry.recipients[0]);
    scene.play();
    REQUIRE(scene.delivery);
    CHECK(scene.delivery->results.size() == 2);
    CHECK(scene.delivery->results[1].kind == Kind::accepted);
    CHECK_FALSE(scene.delivery->passed_reports_on);
    CHECK(scene.server().commands[0].starts_with("LHLO"));
}

// RFC 3461 §5.2.3 (a): we say so, for what LMTP takes is delivered.
TEST_CASE("an LMTP server is not asked to report success as well") {
    Scene scene;
    scene.server().is_lmtp = true;
    scene.destination = *queue::Destination::parse("lmtp:192.0.2.1:24");
    queue::Recipient& first = scene.entry.recipients[0];
    first.notify_given = first.notify_success = first.notify_failure = true;
    first.original = "rfc822;bob@example.net";
    scene.entry.recipients.push_back({.address = {.local_part = "c", .domain = "example.org"},
                                      .notify_given = true,
                                      .notify_success = true});
    scene.play();
    const auto& envelope = scene.server().messages.at(0).envelope;
    CHECK(envelope.at(1) ==
          "RCPT TO:<bob@example.org> NOTIFY=FAILURE ORCPT=rfc822;bob@example.net");
    CHECK(envelope.at(2) == "RCPT TO:<c@example.org> NOTIFY=NEVER");
    CHECK_FALSE(scene.delivery->passed_reports_on);
}

TEST_CASE("a host that says how many transactions a connection may have gets no more") {
    Scene scene;
    scene.server().extensions.push_back("LIMITS RCPTMAX=50 MAILMAX=2");
    for (int i = 0; i < 119; ++i)
        scene.entry.recipients.push_back(
            {.address = {.local_part = "r" + std::to_string(i), .domain = "example.org"}});
    scene.play();
    CHECK(scene.server().messages.size() == 2);
    CHECK(scene.is_used_up);
    CHECK(scene.delivery->line == Delivery::Line::usable);  // it ends with QUIT
    REQUIRE(scene.delivery->results.size() == 120);
    for (std::size_t i = 0; i < 120; ++i)
        CHECK(scene.delivery->results[i].kind == (i < 100 ? Kind::accepted : Kind::temporary));
    Scene other;
    other.server().extensions.push_back("LIMITS MAILMAX=0");  // says nothing
    other.play();
    CHECK_FALSE(other.is_used_up);
}

TEST_CASE("over real sockets, from an address of the site's choice") {
    const auto scene = [](ScriptedServer& server) -> net::Task<Delivery> {
        auto socket = net::ListenSocket::tcp(*net::Endpoint::parse("127.0.0.1:0"));
        REQUIRE(socket);
        net::Listener listener(*std::move(socket), {&net::this_loop()}, {.name = "scripted"},
                               [&server](std::unique_ptr<net::Stream> stream) {
                                   stream->set_deadline(std::chrono::seconds(30));
                                   return server.serve(std::move(stream));
                               });
        dns::testing::FakeResolver dns;
        SmtpCourier courier(
            {.resolver = dns, .tls = *TlsContexts::create(tls_site().authority_path)},
            {.own_name = "relay.site.example",
             .sources = {*net::Address::parse("::1"), *net::Address::parse("127.0.0.2")}});
        queue::Destination destination{.kind = queue::Destination::Kind::next_hop,
                                       .host = "127.0.0.1",
                                       .port = listener.endpoint().port,
                                       .tls = Tls::required};
        Connected connected = co_await courier.connect(destination, {});
        REQUIRE(connected.line);
        queue::Entry entry;
        entry.recipients.push_back({.address = {.local_part = "bob", .domain = "example.org"}});
        Body body("Received: by us\r\n",
                  std::make_unique<TextBlob>(std::string(1 << 20, 'x') + "\r\n"));
        Delivery delivery = co_await connected.line->deliver(entry, body);
        co_await connected.line->quit();
        listener.stop();
        co_return delivery;
    };
    ScriptedServer server;
    server.tls = tls_site().server;
    const Delivery delivery = net::run(scene(server));
    CHECK(delivery.results.at(0).kind == Kind::accepted);
    REQUIRE(server.messages.size() == 1);
    CHECK(server.messages[0].over_tls);
    CHECK(server.messages[0].body.size() > 1 << 20);
    CHECK(server.last_client.text() == "127.0.0.2");
}
