#include "system/dns/mail_exchangers.h"

#include <doctest/doctest.h>

#include <set>

#include "system/dns/limits.h"
#include "system/dns/resolver.h"
#include "system/dns/testing/fake_resolver.h"
#include "system/net/blocking.h"

using namespace pidge;
using namespace pidge::dns;

namespace {

const Self self{.names = {"mail.here.example"},
                .addresses = {*net::Address::parse("198.51.100.1")}};

Route find(testing::FakeResolver& dns, const std::string& domain, std::uint64_t seed = 1) {
    return net::run_blocking(find_mail_exchangers(dns, domain, self, seed));
}

std::string hosts(const Route& route) {
    std::string all;
    for (const Exchanger& one : route.exchangers) all += (all.empty() ? "" : " ") + one.host;
    return all;
}

// A zone of three exchangers with addresses.
testing::FakeResolver& fill(testing::FakeResolver& dns, std::vector<MxRecord> records) {
    dns.mx("example.org", records);
    for (const MxRecord& record : records) dns.a(record.exchange, "192.0.2.1");
    return dns;
}

}  // namespace

TEST_CASE("exchangers are tried in order of preference, equals in an order that the seed decides") {
    testing::FakeResolver dns;
    fill(dns, {{20, "c.example"}, {10, "a.example"}, {10, "B.example"}, {30, "a.example"}});
    std::set<std::string> orders;
    for (std::uint64_t seed = 0; seed < 64; ++seed)
        orders.insert(hosts(find(dns, "example.org", seed)));
    CHECK(orders ==
          std::set<std::string>{"a.example b.example c.example", "b.example a.example c.example"});
    CHECK(hosts(find(dns, "example.org", 7)) == hosts(find(dns, "example.org", 7)));
    const Route route = find(dns, "example.org");
    CHECK(route.kind == Route::Kind::hosts);
    CHECK_FALSE(route.implicit);
    CHECK(route.exchangers[0].addresses.records.at(0).text() == "192.0.2.1");
}

TEST_CASE("a domain without MX records is its own exchanger") {
    testing::FakeResolver dns;
    dns.a("Example.org", "192.0.2.7").a("example.org", "2001:db8::7");
    const Route route = find(dns, "EXAMPLE.org");
    CHECK(route.implicit);
    CHECK(hosts(route) == "example.org");
    REQUIRE(route.exchangers[0].addresses.records.size() == 2);
    CHECK(route.exchangers[0].addresses.records[0].is_v6());

    dns.exists("empty.example");
    CHECK(find(dns, "empty.example").refusal.status == EnhancedStatus{5, 1, 2});
    CHECK(find(dns, "nowhere.example").refusal.status == EnhancedStatus{5, 1, 2});
    CHECK(find(dns, "nowhere.example").kind == Route::Kind::none);
    CHECK(find(dns, std::string(300, 'x')).kind == Route::Kind::none);
}

TEST_CASE("[C7] null MX refuses with 5.1.10 at once; beside other records it is left out") {
    testing::FakeResolver dns;
    dns.null_mx("null.example").a("null.example", "192.0.2.1");
    const Route route = find(dns, "null.example");
    CHECK(route.kind == Route::Kind::none);
    CHECK(route.refusal.status == EnhancedStatus{5, 1, 10});
    CHECK(route.refusal.reply_code == 556);
    CHECK(dns.questions("null.example", Type::a) == 0);
    dns.mx("mixed.example", {{0, ""}, {10, "mx.example"}}).a("mx.example", "192.0.2.1");
    CHECK(hosts(find(dns, "mixed.example")) == "mx.example");
}

TEST_CASE("[C7] temporary trouble never becomes a refusal for good") {
    testing::FakeResolver dns;
    dns.mx("example.org", {{10, "a.example"}, {20, "b.example"}}).a("b.example", "192.0.2.2");
    dns.trouble("example.org", Type::mx, "SERVFAIL from ns1");
    Route route = find(dns, "example.org");
    CHECK(route.kind == Route::Kind::temporary);
    CHECK(route.refusal.status.klass == 4);
    CHECK(route.refusal.text ==
          "The mail exchangers of example.org cannot be found now: SERVFAIL from ns1.");

    // One exchanger without an answer does not keep mail from the other.
    dns.recover("example.org", Type::mx)
        .trouble("a.example", Type::a)
        .trouble("a.example", Type::aaaa);
    CHECK(hosts(find(dns, "example.org")) == "b.example");
    // When the only other one does not exist, the first may still turn up.
    dns.forget("b.example");
    CHECK(find(dns, "example.org").kind == Route::Kind::temporary);
    // A name without IPv4 address whose IPv6 answer is missing is not known to have no address.
    dns.exists("a.example").recover("a.example", Type::a);
    CHECK(find(dns, "example.org").kind == Route::Kind::temporary);
    dns.recover("a.example", Type::aaaa);
    CHECK(find(dns, "example.org").refusal.status == EnhancedStatus{5, 4, 4});
    // RFC 5321 section 5.1: with MX records the domain's own address is no way out.
    dns.a("example.org", "192.0.2.9");
    CHECK(find(dns, "example.org").kind == Route::Kind::none);
}

TEST_CASE(
    "[C7] an MX answer of malformed records is temporary, and malformed ones beside good ones do "
    "not count") {
    testing::FakeResolver dns;
    dns.raw("broken.example", Type::mx, "x").a("broken.example", "192.0.2.1");
    CHECK(find(dns, "broken.example").kind == Route::Kind::temporary);
    dns.mx("broken.example", {{10, "mx.example"}}).a("mx.example", "192.0.2.1");
    CHECK(hosts(find(dns, "broken.example")) == "mx.example");
}

TEST_CASE("mail does not loop: ourselves and what is no better than ourselves is left out") {
    testing::FakeResolver dns;
    fill(dns, {{10, "a.example"}, {20, "Mail.Here.example"}, {20, "b.example"}, {30, "c.example"}});
    CHECK(hosts(find(dns, "example.org")) == "a.example");
    // The same when only the address gives us away.
    testing::FakeResolver other;
    other.mx("example.org", {{10, "a.example"}, {20, "alias.example"}, {30, "c.example"}});
    other.a("a.example", "192.0.2.1").a("c.example", "192.0.2.3");
    other.a("alias.example", "192.0.2.4").a("alias.example", "198.51.100.1");
    CHECK(hosts(find(other, "example.org")) == "a.example");
    // We are the best: somebody forgot to set the domain up.
    other.mx("best.example", {{5, "mail.here.example"}, {10, "a.example"}});
    CHECK(find(other, "best.example").refusal.status == EnhancedStatus{5, 4, 6});
    other.a("implicit.example", "198.51.100.1");
    CHECK(find(other, "implicit.example").refusal.status == EnhancedStatus{5, 4, 6});
    other.a("mail.here.example", "198.51.100.1");
    CHECK(find(other, "mail.here.example").refusal.status == EnhancedStatus{5, 4, 6});
}

TEST_CASE("[R05] where mail is taken at this machine, loopback leads to ourselves") {
    testing::FakeResolver dns;
    const Self here{.is_this_machine = true}, elsewhere;
    const auto status = [&](const std::string& domain, const Self& who) {
        return net::run_blocking(find_mail_exchangers(dns, domain, who, 1)).refusal.status;
    };
    for (const char* address :
         {"127.0.0.1", "127.9.9.9", "0.0.0.0", "::1", "::", "::ffff:127.0.0.1"}) {
        CAPTURE(std::string(address));
        dns.forget("example.org").mx("example.org", {{10, "mx.example.org"}});
        dns.forget("mx.example.org").a("mx.example.org", address);
        CHECK(status("example.org", here) == EnhancedStatus{5, 4, 6});
        CHECK(status("example.org", elsewhere) == EnhancedStatus{});
    }
    CHECK(status("[127.0.0.1]", here) == EnhancedStatus{5, 4, 6});
    CHECK(status("[IPv6:::1]", here) == EnhancedStatus{5, 4, 6});
}

TEST_CASE("address literals need no DNS") {
    testing::FakeResolver dns;
    CHECK(find(dns, "[192.0.2.5]").exchangers.at(0).addresses.records.at(0).text() == "192.0.2.5");
    CHECK(find(dns, "[IPv6:2001:db8::5]").exchangers.at(0).addresses.records.at(0).text() ==
          "2001:db8::5");
    CHECK(find(dns, "[198.51.100.1]").refusal.status == EnhancedStatus{5, 4, 6});
    for (const char* bad :
         {"[]", "[192.0.2]", "[2001:db8::5]", "[IPv6:192.0.2.5]", "[x]", "[192.0.2.5 ]"})
        CHECK(find(dns, bad).kind == Route::Kind::none);
}

TEST_CASE("exchangers that are aliases are tolerated; their addresses are found") {
    testing::FakeResolver dns;
    dns.mx("example.org", {{10, "alias.example"}})
        .cname("alias.example", "real.example")
        .a("real.example", "192.0.2.1");
    const Route route = find(dns, "example.org");
    CHECK(hosts(route) == "alias.example");
    CHECK(route.exchangers[0].addresses.canonical_name == "real.example");
    // RFC 5321 section 5.1: a domain that is an alias has its target's exchangers.
    dns.cname("www.example", "example.org");
    CHECK(hosts(find(dns, "www.example")) == "alias.example");
    dns.cname("implicit.example", "real.example");
    CHECK(hosts(find(dns, "implicit.example")) == "real.example");
    dns.cname("ring1.example", "ring2.example").cname("ring2.example", "ring1.example");
    CHECK(find(dns, "ring1.example").kind == Route::Kind::temporary);
}

TEST_CASE("[G6] a zone with very many exchangers costs a bounded number of questions") {
    testing::FakeResolver dns;
    std::vector<MxRecord> records;
    for (int i = 0; i < 5'000; ++i)
        records.push_back({static_cast<std::uint16_t>(i), "mx" + std::to_string(i) + ".example"});
    fill(dns, records);
    const Route route = find(dns, "example.org");
    CHECK(route.exchangers.size() == exchangers_max);
    CHECK(route.exchangers.front().host == "mx0.example");
    CHECK(dns.questions("mx" + std::to_string(exchangers_max) + ".example", Type::a) == 0);
}

TEST_CASE(
    "[T03] security is told for MX and addresses apart, and a suppressed AAAA answer does not take "
    "it away") {
    testing::FakeResolver dns;
    dns.mx("example.org", {{10, "mx.example"}}).a("mx.example", "192.0.2.1").secure("example.org");
    CHECK(find(dns, "example.org").secure);
    CHECK_FALSE(find(dns, "example.org").exchangers[0].addresses.secure);
    dns.secure("mx.example");
    CHECK(find(dns, "example.org").exchangers[0].addresses.secure);
    dns.trouble("mx.example", Type::aaaa);
    CHECK(find(dns, "example.org").exchangers[0].addresses.secure);
    dns.mx("plain.example", {{10, "mx.example"}});
    CHECK_FALSE(find(dns, "plain.example").secure);
}
