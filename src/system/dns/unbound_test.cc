#include "system/dns/unbound.h"

#include <doctest/doctest.h>

#include <random>
#include <thread>

#include "system/dns/testing/rdata.h"
#include "system/dns/testing/signed_zone.h"
#include "system/dns/testing/test_server.h"
#include "system/net/blocking.h"

using namespace pidge;
using namespace pidge::dns;
using namespace pidge::dns::testing;
using namespace std::chrono_literals;

namespace {

std::unique_ptr<Resolver> resolver_for(const TestServer& server,
                                       UnboundOptions options = {.validation = Validation::off}) {
    options.forward_to = {server.endpoint()};
    auto resolver = make_unbound_resolver(std::move(options));
    REQUIRE_MESSAGE(resolver, resolver.error().text);
    return *std::move(resolver);
}

template <typename T>
T wait(net::Task<T> task) {
    return net::run_blocking(std::move(task));
}

std::string hosts_of(const Route& route) {
    std::string all;
    for (const Exchanger& one : route.exchangers) all += one.host;
    return all;
}

net::Task<void> count_temporary(Resolver& resolver, std::string name, int& count) {
    const Route route = co_await find_mail_exchangers(resolver, std::move(name), {}, 1);
    if (route.kind == Route::Kind::temporary) ++count;
}

void add_host(TestServer& server, const std::string& name) {
    server.add(name, Type::mx, mx_rdata(10, "mx." + name));
    server.add("mx." + name, Type::a, address_rdata("192.0.2.1"));
    server.add("mx." + name, Type::aaaa, address_rdata("2001:db8::1"));
}

}  // namespace

TEST_CASE(
    "libunbound finds records of every type, follows aliases, and tells no data from no name") {
    TestServer server;
    add_host(server, "example.test");
    server.add("example.test", Type::txt, txt_rdata("v=spf1 -all"));
    server.add("_25._tcp.mx.example.test", Type::tlsa, tlsa_rdata({3, 1, 1, std::string(32, 'k')}));
    server.add("1.2.0.192.in-addr.arpa", Type::ptr, name_rdata("mx.example.test"));
    server.add("_imaps._tcp.example.test", Type::srv, srv_rdata({1, 2, 993, "mx.example.test"}));
    server.add("alias.test", Type::cname, name_rdata("example.test"));
    server.add("a b.test", Type::txt, txt_rdata("odd"));
    const auto dns = resolver_for(server);

    const auto mx = wait(dns->mx("Example.TEST."));
    REQUIRE(mx.is_found());
    CHECK(mx.records == std::vector<MxRecord>{{10, "mx.example.test"}});
    CHECK_FALSE(mx.secure);
    CHECK(mx.ttl_s > 0);
    CHECK(mx.ttl_s <= 300);
    CHECK(mx.canonical_name == "");
    CHECK(wait(dns->txt("example.test")).records.at(0) == "v=spf1 -all");
    CHECK(wait(dns->tlsa("_25._tcp.mx.example.test")).records.at(0).is_usable());
    CHECK(wait(dns->ptr(*net::Address::parse("192.0.2.1"))).records.at(0) == "mx.example.test");
    CHECK(wait(dns->srv("_imaps._tcp.example.test")).records.at(0).port == 993);
    CHECK(wait(dns->cname("alias.test")).records.at(0) == "example.test");
    CHECK(wait(dns->mx("alias.test")).canonical_name == "example.test");
    const auto addresses = wait(dns->addresses("mx.example.test"));
    REQUIRE(addresses.records.size() == 2);
    CHECK(addresses.records[0].text() == "2001:db8::1");
    CHECK(addresses.records[1].text() == "192.0.2.1");

    CHECK(wait(dns->mx("mx.example.test")).outcome == Outcome::no_data);
    CHECK(wait(dns->mx("nowhere.test")).outcome == Outcome::no_name);
    CHECK(wait(dns->addresses("nowhere.test")).outcome == Outcome::no_name);
    CHECK(wait(dns->txt("a b.test")).records.at(0) == "odd");
    CHECK(wait(dns->txt("a..b")).outcome == Outcome::no_name);
    CHECK(wait(dns->txt(std::string(300, 'a'))).outcome == Outcome::no_name);
    CHECK(wait(dns->txt("x\ny.test")).outcome == Outcome::no_name);
    CHECK(hosts_of(wait(find_mail_exchangers(*dns, "example.test", {}, 1))) == "mx.example.test");
}

TEST_CASE("[C7] SERVFAIL, refusal, silence and cut-off answers are temporary, each with a reason") {
    TestServer server;
    server.trouble("servfail.test", Trouble::server_failure).trouble("lame.test", Trouble::refused);
    server.trouble("silent.test", Trouble::silence).trouble("cut.test", Trouble::cut_off);
    for (const char* name : {"servfail.test", "lame.test", "silent.test", "cut.test"})
        add_host(server, name);
    UnboundOptions options{.validation = Validation::off, .deadline = 1500ms};
    const auto dns = resolver_for(server, options);
    for (const char* name : {"servfail.test", "lame.test", "silent.test", "cut.test"}) {
        CAPTURE(name);
        const auto mx = wait(dns->mx(name));
        CHECK(mx.is_temporary());
        CHECK(mx.records.empty());
        CHECK_FALSE(mx.text.empty());
        CHECK(wait(find_mail_exchangers(*dns, name, {}, 1)).kind == Route::Kind::temporary);
    }
    CHECK(server.questions("silent.test", Type::mx) > 0);
}

TEST_CASE("[C7] truncated answers are asked for again over TCP") {
    TestServer server;
    server.trouble("short.test", Trouble::truncated);
    add_host(server, "short.test");
    for (int i = 0; i < 100; ++i)
        server.add("big.test", Type::txt, txt_rdata(std::to_string(i) + std::string(200, 'x')));
    const auto dns = resolver_for(server);
    CHECK(wait(dns->mx("short.test")).is_found());
    CHECK(wait(dns->txt("big.test")).records.size() == 100);
}

TEST_CASE("a look-up ends at its deadline, also when nobody ever answers") {
    TestServer server;
    server.trouble("silent.test", Trouble::silence);
    const auto dns = resolver_for(server, {.validation = Validation::off, .deadline = 100ms});
    const auto mx = wait(dns->mx("silent.test"));
    CHECK(mx.is_temporary());
    CHECK(mx.text == "no name server answered in time");
}

TEST_CASE("the number of look-ups that wait is bounded, and ending the resolver answers them all") {
    TestServer server;
    server.trouble("silent.test", Trouble::silence);
    auto dns =
        resolver_for(server, {.validation = Validation::off, .deadline = 60s, .outstanding = 2});
    std::atomic<int> answered = 0;
    std::vector<std::string> texts(3);
    for (std::size_t i = 0; i < texts.size(); ++i)
        dns->begin("silent.test", Type::mx, [&, i](RawAnswer answer) {
            texts[i] = answer.text;
            ++answered;
        });
    CHECK(answered == 1);
    CHECK(texts[2] == "too many DNS questions wait for an answer");
    dns.reset();
    CHECK(answered == 3);
    CHECK(texts[0] == "the server is shutting down");
}

TEST_CASE("many look-ups at once from several threads are all answered") {
    TestServer server;
    for (int i = 0; i < 100; ++i) add_host(server, "d" + std::to_string(i) + ".test");
    const auto dns = resolver_for(server);
    std::atomic<int> found = 0;
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t)
        threads.emplace_back([&, t] {
            for (int i = 0; i < 100; i += 1 + t)
                if (wait(find_mail_exchangers(*dns, "d" + std::to_string(i) + ".test", {}, 1))
                        .kind == Route::Kind::hosts)
                    ++found;
        });
    for (auto& thread : threads) thread.join();
    CHECK(found == 100 + 50 + 34 + 25);
}

TEST_CASE("[P11] 200 malformed replies: none is believed, and the next good one is") {
    std::mt19937 draw(7);
    const auto malformed = [&](int kind, const Question& question) -> Bytes {
        const auto pick = [&](int most) {
            return std::uniform_int_distribution<int>(0, most)(draw);
        };
        // Where the exchange of an MX record begins: after header, question, owner, fixed fields
        // and preference.
        const auto itself = static_cast<std::uint16_t>(12 + question.octets.size() +
                                                       question.name.size() + 2 + 10 + 2);
        switch (kind % 8) {
            case 0:
                return answer_header(question, 0, 1) +
                       question.octets;  // a record is promised, none follows
            case 1:
                return answer_header(question, 0, 1) + question.octets +
                       record(question.name, Type::mx,
                              Bytes(static_cast<std::size_t>(pick(2)), '\1'));
            case 2:
                return answer_header(question, 0, 1) +
                       question.octets +  // a name that points to itself
                       record(question.name, Type::mx, u16(10) + u16(0xc000 | itself));
            case 3:
                return answer_header(question, 0, 1) + question.octets +
                       record(question.name, Type::mx, mx_rdata(10, "mx.test") + "more");
            case 4:
                return answer_header(question, 0, 65535) + question.octets +
                       Bytes(static_cast<std::size_t>(pick(400)), '\xff');
            case 5:
                return Bytes(static_cast<std::size_t>(pick(40)), '\0');
            case 6: {
                Bytes whole = answer_header(question, 0, 1) + question.octets +
                              record(question.name, Type::mx, mx_rdata(1, "m.test"));
                whole.resize(static_cast<std::size_t>(pick(static_cast<int>(whole.size()) - 1)));
                return whole;
            }
            default: {
                Bytes noise = answer_header(question, 0, 1) + question.octets;
                for (int i = pick(300); i > 0; --i) noise += static_cast<char>(pick(255));
                return noise;
            }
        }
    };
    std::mutex mutex;
    TestServer server;
    for (int i = 0; i < 200; ++i)
        server.answer_with("m" + std::to_string(i) + ".test",
                           [&, i](ByteView query, Transport) -> std::optional<Bytes> {
                               const std::lock_guard lock(mutex);
                               return malformed(i, *read_question(query));
                           });
    add_host(server, "good.test");
    const auto dns = resolver_for(server, {.validation = Validation::off, .deadline = 1s});
    std::vector<net::Task<void>> all;
    int temporary = 0;
    for (int i = 0; i < 200; ++i)
        all.push_back(count_temporary(*dns, "m" + std::to_string(i) + ".test", temporary));
    net::run_blocking(std::move(all));
    CHECK(temporary == 200);
    CHECK(wait(resolver_for(server)->mx("good.test")).is_found());
}

TEST_CASE("[P11] TLSA records of 0 to 19 octets in an answer are never usable") {
    TestServer server;
    for (int length = 0; length < 20; ++length)
        server.add("t" + std::to_string(length) + ".test", Type::tlsa,
                   Bytes(static_cast<std::size_t>(length), '\3'));
    const auto dns = resolver_for(server);
    for (int length = 0; length < 20; ++length) {
        CAPTURE(length);
        const auto tlsa = wait(dns->tlsa("t" + std::to_string(length) + ".test"));
        CHECK(tlsa.outcome != Outcome::no_data);
        CHECK(tlsa.outcome != Outcome::no_name);
        for (const TlsaRecord& one : tlsa.records) CHECK_FALSE(one.is_usable());
    }
}

TEST_CASE(
    "[T03] DNSSEC: signed answers and absences are secure, forged ones temporary, others "
    "insecure") {
    TestServer server;
    const std::string anchor =
        add_signed_zone(server, PIDGE_SOURCE_DIR "/src/system/dns/testing/signed_zone.txt");
    add_host(server, "plain.test");
    const auto dns = resolver_for(server, {.trust_anchors = {anchor}});

    const auto mx = wait(dns->mx("signed.test"));
    CHECK_MESSAGE(mx.is_found(), mx.text);
    CHECK(mx.secure);
    const auto tlsa = wait(dns->tlsa("_25._tcp.mx.signed.test"));
    CHECK(tlsa.secure);
    CHECK(tlsa.records.at(0).is_usable());
    CHECK(wait(dns->a("mx.signed.test")).secure);

    const auto no_data = wait(dns->txt("mx.signed.test"));
    CHECK(no_data.outcome == Outcome::no_data);
    CHECK(no_data.secure);
    const auto no_name = wait(dns->tlsa("_25._tcp.nothing.signed.test"));
    CHECK(no_name.outcome == Outcome::no_name);
    CHECK(no_name.secure);

    const auto bogus = wait(dns->mx("bogus.signed.test"));
    CHECK(bogus.is_temporary());
    CHECK(bogus.text.starts_with("DNSSEC validation failed: "));
    CHECK(bogus.records.empty());
    // An absence that nobody signed is a forgery too: an attacker must not remove TLSA records.
    const auto stripped = wait(dns->tlsa("_25._tcp.bogus.signed.test"));
    CHECK(stripped.is_temporary());

    const auto plain = wait(dns->mx("plain.test"));
    CHECK(plain.is_found());
    CHECK_FALSE(plain.secure);
}

TEST_CASE("a zone of the site is asked of its own servers") {
    TestServer server, internal;
    add_host(internal, "corp.internal");
    const auto dns = resolver_for(server, {.stub_zones = {{"corp.internal", {internal.endpoint()}}},
                                           .validation = Validation::off});
    CHECK(wait(dns->mx("corp.internal")).is_found());
    CHECK(server.questions("corp.internal", Type::mx) == 0);
}

TEST_CASE("options that libunbound does not accept are refused with their name") {
    const auto bad_anchor = make_unbound_resolver({.trust_anchors = {"nonsense"}});
    REQUIRE_FALSE(bad_anchor);
    CHECK(bad_anchor.error().text.find("nonsense") != std::string::npos);
    CHECK_FALSE(make_unbound_resolver({.trust_anchor_file = "/nonexistent/anchors"}));
    CHECK_FALSE(make_unbound_resolver({.root_hints_file = "/nonexistent/hints"}));
}
