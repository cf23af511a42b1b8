#include "mail/directory/directory.h"

#include <doctest/doctest.h>

#include <functional>

#include "mail/directory/limits.h"
#include "system/net/spawn.h"
#include "system/store/memory/memory_store.h"

using namespace pidge;
using namespace pidge::directory;

namespace {

struct Fixture {
    ManualClock clock{WallTime(std::chrono::hours(24 * 365 * 56))};
    std::unique_ptr<store::Store> store = store::open_memory(clock);
    Directory directory{*store, clock};

    // Plans, commits, and reads the site again.
    Result<void> apply(net::Task<Result<store::Change>> plan) {
        auto change = net::run(std::move(plan));
        if (!change) return change.error();
        if (!net::run(store->commit(*std::move(change))))
            return Refusal{.kind = Refusal::Kind::conflict, .text = "conflict"};
        net::run(directory.reload());
        return {};
    }
    Principal person(const std::string& login, std::vector<std::string> published,
                     std::vector<std::string> aliases = {}) {
        return {.id = PrincipalId::make(clock.unix_ms()),
                .login = login,
                .published = std::move(published),
                .aliases = std::move(aliases)};
    }
    // What is stored, changed so.
    Result<void> change(PrincipalId id, const std::function<void(Principal&)>& edit) {
        const Principal before = net::run(directory.find_principal(id)).value();
        Principal after = before;
        edit(after);
        return apply(directory.update_principal(before, after));
    }
    // A change planned now, to be committed later.
    store::Change plan(net::Task<Result<store::Change>> plan) {
        return net::run(std::move(plan)).value();
    }
    bool commit(const store::Change& change) {
        const bool is_done = net::run(store->commit(change)).has_value();
        net::run(directory.reload());
        return is_done;
    }
    Found find(const char* text) { return net::run(directory.find(*address::parse_mailbox(text))); }
    bool hears_of_addresses = true;
    Fixture() {
        store->on_hint([this](const Bytes& subject) {
            if (subject == address_subject && hears_of_addresses) directory.forget_addresses();
        });
        CHECK(apply(directory.add_domain({.name = "Site.Example"})));
    }
};

}  // namespace

TEST_CASE("[J2] any mixture of case finds the same principal, and the published form is kept") {
    Fixture f;
    const Principal alice =
        f.person("alice", {"Alice.Smith@site.example"}, {"asmith@site.example"});
    CHECK(f.apply(f.directory.add_principal(alice)));
    for (const char* text :
         {"alice.smith@site.example", "ALICE.SMITH@SITE.EXAMPLE", "Alice.Smith@site.example"}) {
        CHECK(f.find(text).kind == Found::Kind::principal);
        CHECK(f.find(text).entry.published == "Alice.Smith@site.example");
        CHECK_FALSE(f.find(text).entry.is_alias);
    }
    CHECK(f.find("ASmith@site.example").entry.is_alias);
    CHECK(f.find("ASmith@site.example").entry.published == "Alice.Smith@site.example");
    CHECK(f.find("nobody@site.example").kind == Found::Kind::nothing);
    CHECK(f.find("alice.smith@other.example").kind == Found::Kind::nothing);
    CHECK(net::run(f.directory.find_login("ALICE"))->id == alice.id);
    CHECK(net::run(f.directory.find_login("asmith@SITE.example"))->id == alice.id);
    CHECK_FALSE(net::run(f.directory.find_login("bob")));
    CHECK_FALSE(net::run(f.directory.find_login("")));
}

TEST_CASE("[J5] postmaster and abuse exist in every domain and cannot be taken") {
    Fixture f;
    CHECK(f.apply(f.directory.add_domain({.name = "second.example"})));
    for (const char* text : {"postmaster@site.example", "PostMaster@second.example",
                             "abuse@site.example", "ABUSE@second.example"})
        CHECK(f.find(text).kind == Found::Kind::role);
    CHECK(net::run(f.directory.find({.local_part = "postmaster"})).kind == Found::Kind::role);
    CHECK(net::run(f.directory.find({.local_part = "abuse"})).kind == Found::Kind::nothing);
    CHECK_FALSE(
        f.apply(f.directory.add_principal(f.person("mallory", {"postmaster@site.example"}))));
    CHECK_FALSE(f.apply(f.directory.add_principal(
        f.person("mallory", {"m@site.example"}, {"Abuse@second.example"}))));
    const Domain before = *f.directory.site()->find_domain("site.example");
    Domain domain = before;
    domain.postmaster = {"alice@site.example"};
    CHECK(f.apply(f.directory.update_domain(before, domain)));
    CHECK(f.find("postmaster@site.example").members ==
          std::vector<std::string>{"alice@site.example"});
}

TEST_CASE("addresses and logins belong to one principal, whatever their case") {
    Fixture f;
    CHECK(f.apply(f.directory.add_principal(f.person("alice", {"alice@site.example"}))));
    CHECK_FALSE(f.apply(f.directory.add_principal(f.person("bob", {"ALICE@site.example"}))));
    CHECK_FALSE(f.apply(f.directory.add_principal(f.person("Alice", {"bob@site.example"}))));
    CHECK_FALSE(f.apply(f.directory.add_principal(f.person("bob", {"bob@elsewhere.example"}))));
    CHECK_FALSE(f.apply(
        f.directory.add_principal(f.person("bob", {"bob@site.example", "robert@site.example"}))));
    CHECK_FALSE(f.apply(
        f.directory.add_principal(f.person("bob", {"bob@site.example"}, {"BOB@site.example"}))));
    CHECK_FALSE(f.apply(f.directory.add_principal(f.person("bob", {}))));
    CHECK_FALSE(f.apply(f.directory.add_principal(f.person("bob\n", {"bob@site.example"}))));
    CHECK(f.apply(f.directory.add_principal(f.person("bob", {"bob@site.example"}))));
}

TEST_CASE("changing and removing a principal frees what it no longer has") {
    Fixture f;
    const Principal alice = f.person("alice", {"alice@site.example"}, {"old@site.example"});
    CHECK(f.apply(f.directory.add_principal(alice)));
    CHECK(f.change(alice.id, [](Principal& changed) {
        changed.login = "alice2";
        changed.aliases = {"new@site.example"};
    }));
    CHECK(f.find("old@site.example").kind == Found::Kind::nothing);
    CHECK(f.find("new@site.example").kind == Found::Kind::principal);
    CHECK_FALSE(net::run(f.directory.find_login("alice")));
    CHECK(f.apply(f.directory.set_credential(
        {.id = CredentialId::make(1), .principal = alice.id, .argon2 = "x"})));
    CHECK(f.apply(f.directory.remove_principal(alice.id)));
    CHECK(f.find("alice@site.example").kind == Found::Kind::nothing);
    CHECK(net::run(f.directory.credentials(alice.id)).empty());
    CHECK(f.apply(f.directory.add_principal(f.person("alice", {"alice@site.example"}))));
}

TEST_CASE("two changes planned on the same state cannot both happen") {
    Fixture f;
    const auto first = net::run(f.directory.add_principal(f.person("a", {"same@site.example"})));
    const auto second = net::run(f.directory.add_principal(f.person("b", {"same@site.example"})));
    CHECK(net::run(f.store->commit(*first)).has_value());
    CHECK_FALSE(net::run(f.store->commit(*second)).has_value());
    CHECK(net::run(f.directory.principals(std::nullopt, 10)).size() == 1);
}

TEST_CASE("A login is nobody else's address, and an address nobody else's login") {
    Fixture f;
    const Principal dora = f.person("dora", {"dora@site.example"});
    const Principal fred = f.person("gina@site.example", {"fred@site.example"});
    CHECK(f.apply(f.directory.add_principal(dora)));
    CHECK(f.apply(f.directory.add_principal(fred)));  // nobody's address yet
    const auto told = [&](const Result<void>& result) {
        CHECK_FALSE(result);
        return result ? std::string() : result.error().text;
    };
    CHECK(told(f.apply(
                   f.directory.add_principal(f.person("Dora@SITE.example", {"evil@site.example"}))))
              .find("is an address of dora@site.example") != std::string::npos);
    CHECK(told(f.apply(f.directory.add_principal(f.person("gina", {"Gina@site.example"}))))
              .find("is the login of fred@site.example") != std::string::npos);
    CHECK(told(f.change(fred.id, [](Principal& p) { p.login = "dora@site.example"; })) != "");
    CHECK(told(f.change(dora.id, [](Principal& p) { p.aliases = {"gina@site.example"}; })) != "");
    // Another way to write an address would be looked up in another place.
    for (const char* login : {"\"dora\"@site.example", "x@b\u00fccher.example"})
        CHECK(told(f.change(fred.id, [&](Principal& p) {
                  p.login = login;
              })).find("written as it is looked up") != std::string::npos);

    // One's own are one's own, in whatever order they come and go.
    CHECK(f.change(dora.id, [](Principal& p) { p.login = "Dora@site.example"; }));
    CHECK(f.change(fred.id, [](Principal& p) { p.aliases = {"gina@site.example"}; }));
    CHECK(f.change(fred.id, [](Principal& p) { p.aliases.clear(); }));
    CHECK(f.change(fred.id, [](Principal& p) { p.login = "fred@site.example"; }));
    CHECK(f.apply(f.directory.add_principal(f.person("gina", {"gina@site.example"}))));
    CHECK(net::run(f.directory.find_login("dora@site.example"))->id == dora.id);
}

TEST_CASE("An account that has another's address as its login since long can still be changed") {
    Fixture f;
    const Principal dora = f.person("dora", {"dora@site.example"});
    Principal evil = f.person("evil", {"evil@site.example"});
    CHECK(f.apply(f.directory.add_principal(dora)));
    CHECK(f.apply(f.directory.add_principal(evil)));
    evil = net::run(f.directory.find_principal(evil.id)).value();
    evil.login = "dora@site.example";  // as an older version let it be
    store::Change old;
    old.put(store::Space::principal, principal_key(evil.id), record_of(evil));
    old.erase(store::Space::principal, login_key("evil"));
    old.put(store::Space::principal, login_key("dora@site.example"), Bytes(evil.id.bytes()));
    REQUIRE(f.commit(old));
    const auto block = [](Principal& p) { p.state = Principal::State::blocked; };
    CHECK(f.change(evil.id, block));
    CHECK(f.change(dora.id, block));
    CHECK(f.change(evil.id, [](Principal& p) { p.login = "evil"; }));
    CHECK(net::run(f.directory.find_login("dora@site.example"))->id == dora.id);
}

TEST_CASE("Of a login and an address that are the same, planned at once, one is refused") {
    Fixture f;
    const auto login = [&](const char* text) {
        return f.plan(f.directory.add_principal(f.person(text, {"evil@site.example"})));
    };
    const auto address = [&] {
        return f.plan(f.directory.add_principal(f.person("dora", {"dora@site.example"})));
    };
    SUBCASE("the address first") {
        const auto late = login("dora@site.example");
        CHECK(f.commit(address()));
        CHECK_FALSE(f.commit(late));
    }
    SUBCASE("the login first") {
        const auto late = address();
        CHECK(f.commit(login("dora@site.example")));
        CHECK_FALSE(f.commit(late));
    }
    SUBCASE("as an alias") {
        const Principal dora = f.person("dora", {"d@site.example"});
        CHECK(f.apply(f.directory.add_principal(dora)));
        const Principal before = net::run(f.directory.find_principal(dora.id)).value();
        Principal after = before;
        after.aliases = {"dora@site.example"};
        const auto late = f.plan(f.directory.update_principal(before, after));
        CHECK(f.commit(login("dora@site.example")));
        CHECK_FALSE(f.commit(late));
    }
    SUBCASE("in a domain that comes meanwhile") {
        const auto late = login("dora@second.example");
        CHECK(f.apply(f.directory.add_domain({.name = "second.example"})));
        CHECK_FALSE(f.commit(late));
    }
    SUBCASE("in a domain that is being added") {
        const auto late = f.plan(f.directory.add_domain({.name = "second.example"}));
        CHECK(f.commit(login("dora@second.example")));
        CHECK_FALSE(f.commit(late));
        CHECK(f.apply(f.directory.add_domain({.name = "second.example"})));
        CHECK_FALSE(f.apply(f.directory.add_principal(f.person("dora", {"dora@second.example"}))));
    }
}

TEST_CASE("A change made from what has changed since is planned again, not put over it") {
    Fixture f;
    const Principal alice = f.person("alice", {"alice@site.example"});
    CHECK(f.apply(f.directory.add_principal(alice)));
    const Principal before = net::run(f.directory.find_principal(alice.id)).value();
    CHECK(f.change(alice.id, [](Principal& p) { p.aliases = {"al@site.example"}; }));
    Principal after = before;
    after.name = "Alice";
    CHECK_FALSE(f.commit(f.plan(f.directory.update_principal(before, after))));
    CHECK(f.find("al@site.example").kind == Found::Kind::principal);

    const Domain domain = *f.directory.site()->find_domain("site.example");
    Domain one = domain, other = domain;
    one.postmaster = other.abuse = {"alice@site.example"};
    CHECK(f.apply(f.directory.update_domain(domain, one)));
    CHECK_FALSE(f.commit(f.plan(f.directory.update_domain(domain, other))));
    CHECK(*f.directory.site()->find_domain("site.example") == one);
}

TEST_CASE("A domain does not go while an address in it comes") {
    for (const bool is_account : {false, true})
        for (const bool is_address_first : {false, true}) {
            Fixture f;
            CHECK(f.apply(f.directory.add_domain({.name = "second.example"})));
            const Principal alice = f.person("alice", {"alice@site.example"});
            CHECK(f.apply(f.directory.add_principal(alice)));
            const Principal before = net::run(f.directory.find_principal(alice.id)).value();
            Principal after = before;
            after.aliases = {"al@second.example"};
            const auto removal = f.plan(f.directory.remove_domain("second.example"));
            const auto address = f.plan(
                is_account ? f.directory.add_principal(f.person("bob", {"bob@second.example"}))
                           : f.directory.update_principal(before, after));
            CHECK(f.commit(is_address_first ? address : removal));
            CHECK_FALSE(f.commit(is_address_first ? removal : address));
            CHECK(f.directory.site()->domains().size() == (is_address_first ? 2 : 1));
        }
}

TEST_CASE("Of two passwords set at once one is refused, and none comes to a removed account") {
    Fixture f;
    const Principal alice = f.person("alice", {"alice@site.example"});
    CHECK(f.apply(f.directory.add_principal(alice)));
    const auto password = [&](int id) {
        return f.plan(f.directory.set_credential(
            {.id = CredentialId::make(id), .principal = alice.id, .argon2 = "x"}));
    };
    const auto first = password(1), second = password(2);
    CHECK(f.commit(first));
    CHECK_FALSE(f.commit(second));
    CHECK(f.commit(password(3)));
    CHECK(net::run(f.directory.credentials(alice.id)).size() == 1);
    // Its salt was chosen when there was no other.
    CHECK_FALSE(f.commit(f.plan(f.directory.set_credential(
        {.id = CredentialId::make(4), .principal = alice.id, .argon2 = "x"},
        std::vector<Credential>{}))));

    const auto removal = f.plan(f.directory.remove_principal(alice.id));
    const auto late = password(6);
    CHECK(f.commit(password(5)));
    CHECK(f.commit(removal));
    CHECK_FALSE(f.commit(late));
    CHECK(net::run(f.directory.credentials(alice.id)).empty());
    CHECK(net::run(f.store->scan(store::Space::credential, {})).empty());
}

TEST_CASE(
    "Of two ranges of one network, or two routes of one domain, made at once one is refused") {
    Fixture f;
    const auto range = [&](int id) {
        return f.plan(f.directory.add_range({.id = RangeId::make(id),
                                             .network = *net::Network::parse("192.0.2.0/24"),
                                             .owner = "it@site.example"}));
    };
    const auto route = [&](int id) {
        return f.plan(f.directory.set_route({.id = RouteId::make(id), .domain = "*"}));
    };
    const auto range_1 = range(1), range_2 = range(2), route_1 = route(1), route_2 = route(2);
    CHECK(f.commit(range_1));
    CHECK_FALSE(f.commit(range_2));
    CHECK(f.commit(route_1));
    CHECK_FALSE(f.commit(route_2));
    CHECK(f.directory.site()->ranges().size() == 1);
    CHECK(f.directory.site()->routes().size() == 1);
}

TEST_CASE("Another node's range and route are seen before they have come to this one's memory") {
    Fixture f;
    Directory other{*f.store, f.clock};
    net::run(other.reload());
    const Range range{.id = RangeId::make(1),
                      .network = *net::Network::parse("192.0.2.0/24"),
                      .owner = "it@site.example"};
    CHECK(f.apply(f.directory.add_range(range)));
    CHECK_FALSE(net::run(other.add_range(range)));
    CHECK(f.apply(f.directory.set_route({.id = RouteId::make(1), .domain = "*"})));
    CHECK(f.commit(f.plan(other.set_route({.id = RouteId::make(2), .domain = "*"}))));
    CHECK(f.directory.site()->routes().size() == 1);
}

TEST_CASE("Ranges and routes that an older version let in twice go together") {
    Fixture f;
    const Range range{.id = RangeId::make(1),
                      .network = *net::Network::parse("192.0.2.0/24"),
                      .owner = "it@site.example"};
    const Range wider{.id = RangeId::make(2),
                      .network = *net::Network::parse("192.0.0.0/16"),
                      .owner = "it@site.example"};
    Range twin = range;
    twin.id = RangeId::make(3);
    const Route route{.id = RouteId::make(1), .domain = "*"},
        same{.id = RouteId::make(2), .domain = "*"};
    store::Change old;
    for (const Range& each : {range, wider, twin})
        old.put(store::Space::range, id_key(each.id.bytes()), record_of(each));
    for (const Route& each : {route, same})
        old.put(store::Space::route, id_key(each.id.bytes()), record_of(each));
    REQUIRE(f.commit(old));
    CHECK(f.apply(f.directory.remove_range(twin.id)));
    CHECK(f.directory.site()->ranges() == std::vector<Range>{wider});
    CHECK(f.apply(f.directory.remove_route(route.id)));
    CHECK(f.directory.site()->routes().empty());
}

TEST_CASE("[J5] The bare postmaster is that of the host's own domain, else of the oldest") {
    const auto day = [](int n) { return WallTime(std::chrono::hours(24 * n)); };
    const std::vector<Domain> domains{{.name = "a.example", .created = day(3)},
                                      {.name = "b.example", .created = day(2)},
                                      {.name = "mail.c.example", .created = day(4)}};
    const auto main_domain = [&](std::string_view host) {
        return Site(domains, {}, {}, host).main_domain()->name;
    };
    CHECK(main_domain("a.example") == "a.example");
    CHECK(main_domain("MX1.A.example") == "a.example");
    CHECK(main_domain("host.mail.c.example") == "mail.c.example");
    CHECK(main_domain("c.example") == "b.example");
    CHECK(main_domain("aa.example") == "b.example");
    CHECK(main_domain("") == "b.example");
    CHECK(Site({}, {}, {}, "a.example").main_domain() == nullptr);

    Fixture f;
    CHECK(f.apply(
        f.directory.add_domain({.name = "another.example", .postmaster = {"x@y.example"}})));
    const auto members = [&](Directory& directory) {
        net::run(directory.reload());
        return net::run(directory.find({.local_part = "postmaster"})).members;
    };
    Directory there{*f.store, f.clock, "mx.another.example"};
    CHECK(members(there) == std::vector<std::string>{"x@y.example"});
    Directory here{*f.store, f.clock, "mx.site.example"};
    CHECK(members(here).empty());
}

TEST_CASE("a domain stays while it has addresses") {
    Fixture f;
    const Principal alice = f.person("alice", {"alice@site.example"});
    CHECK(f.apply(f.directory.add_principal(alice)));
    CHECK_FALSE(f.apply(f.directory.remove_domain("site.example")));
    CHECK(f.apply(f.directory.remove_principal(alice.id)));
    CHECK(f.apply(f.directory.remove_domain("site.example")));
    CHECK(f.directory.site()->domains().empty());
}

TEST_CASE("a new password replaces the former one; app passwords stand side by side") {
    Fixture f;
    const Principal alice = f.person("alice", {"alice@site.example"});
    CHECK(f.apply(f.directory.add_principal(alice)));
    for (int i = 1; i <= 2; ++i) {
        CHECK(f.apply(f.directory.set_credential(
            {.id = CredentialId::make(i), .principal = alice.id, .argon2 = std::to_string(i)})));
        CHECK(f.apply(f.directory.set_credential({.id = CredentialId::make(i + 10),
                                                  .principal = alice.id,
                                                  .kind = Credential::Kind::app_password,
                                                  .digest = "d"})));
    }
    const auto credentials = net::run(f.directory.credentials(alice.id));
    CHECK(credentials.size() == 3);
    CHECK(std::ranges::count(credentials, Credential::Kind::password, &Credential::kind) == 1);
    CHECK_FALSE(f.apply(f.directory.set_credential(
        {.id = CredentialId::make(9), .principal = PrincipalId::make(5)})));
}

TEST_CASE("[O3] the narrowest range that has not expired counts") {
    Fixture f;
    const WallTime now = f.clock.now();
    const auto add = [&](const char* network, std::optional<WallTime> expires = {}) {
        return f.apply(f.directory.add_range({.id = RangeId::make(f.clock.unix_ms()),
                                              .network = *net::Network::parse(network),
                                              .owner = "it@site.example",
                                              .purpose = network,
                                              .expires = expires}));
    };
    CHECK(add("192.0.2.0/24"));
    CHECK(add("192.0.2.128/25"));
    CHECK(add("2001:db8::/32"));
    CHECK(add("198.51.100.0/24", now));
    CHECK_FALSE(add("192.0.2.0/24"));
    const auto purpose = [&](const char* address) -> std::string {
        const Range* range = f.directory.site()->find_range(*net::Address::parse(address), now);
        return range ? range->purpose : "";
    };
    CHECK(purpose("192.0.2.0") == "192.0.2.0/24");
    CHECK(purpose("192.0.2.127") == "192.0.2.0/24");
    CHECK(purpose("192.0.2.128") == "192.0.2.128/25");
    CHECK(purpose("192.0.2.255") == "192.0.2.128/25");
    CHECK(purpose("192.0.1.255").empty());
    CHECK(purpose("192.0.3.0").empty());
    CHECK(purpose("::ffff:192.0.2.1") == "192.0.2.0/24");
    CHECK(purpose("2001:db8:ffff:ffff:ffff:ffff:ffff:ffff") == "2001:db8::/32");
    CHECK(purpose("2001:db9::").empty());
    CHECK(purpose("198.51.100.1").empty());
}

TEST_CASE("the closest route counts, and a new one replaces the former one") {
    Fixture f;
    const auto set = [&](const char* domain, const char* host) {
        return f.apply(f.directory.set_route({.id = RouteId::make(f.clock.unix_ms()),
                                              .domain = domain,
                                              .kind = Route::Kind::next_hop,
                                              .host = host}));
    };
    CHECK(set("*", "all.example"));
    CHECK(set(".example.org", "below.example"));
    CHECK(set("Example.org", "own.example"));
    CHECK_FALSE(set("example.net", ""));
    CHECK_FALSE(set("exa mple.net", "a.example"));
    const auto host = [&](const char* domain) {
        return f.directory.site()->find_route(domain)->host;
    };
    CHECK(host("example.org") == "own.example");
    CHECK(host("a.b.example.org") == "below.example");
    CHECK(host("other.example") == "all.example");
    CHECK(host("notexample.org") == "all.example");
    CHECK(set("example.org", "new.example"));
    CHECK(host("example.org") == "new.example");
    CHECK(f.directory.site()->routes().size() == 3);
}

TEST_CASE("records read back; damaged ones are told from whole ones") {
    ManualClock clock{WallTime(std::chrono::hours(1))};
    const Credential credential{.id = CredentialId::make(1),
                                .principal = PrincipalId::make(2),
                                .kind = Credential::Kind::app_password,
                                .label = "laptop",
                                .digest = std::string("\0\1", 2),
                                .scram_iterations = 4096,
                                .scopes = {"imap", "submission"},
                                .created = clock.now(),
                                .expires = clock.now()};
    CHECK(read_credential(record_of(credential)) == credential);
    const Range range{.id = RangeId::make(3),
                      .network = *net::Network::parse("2001:db8::/32"),
                      .owner = "o@site.example",
                      .purpose = "p",
                      .created = clock.now()};
    CHECK(read_range(record_of(range)) == range);
    const Route route{.id = RouteId::make(4),
                      .domain = "*",
                      .kind = Route::Kind::lmtp,
                      .host = "h",
                      .port = 24,
                      .tls = Route::Tls::verified,
                      .text = "t",
                      .created = clock.now()};
    CHECK(read_route(record_of(route)) == route);
    const Domain domain{.name = "site.example",
                        .created = clock.now(),
                        .postmaster = {"a@b"},
                        .abuse = {"c@d", "e@f"}};
    CHECK(read_domain(record_of(domain)) == domain);
    const Bytes record = record_of(range);
    CHECK_FALSE(read_range(""));
    CHECK_FALSE(read_range(record.substr(0, 10)));
}

TEST_CASE("An address that has moved is found where it is, at once") {
    Fixture f;
    const Principal alice = f.person("alice", {"alice@site.example"}, {"post@site.example"});
    CHECK(f.apply(f.directory.add_principal(alice)));
    CHECK(f.find("post@site.example").entry.principal == alice.id);
    CHECK(f.change(alice.id, [](Principal& changed) { changed.aliases.clear(); }));
    CHECK(f.find("post@site.example").kind == Found::Kind::nothing);
    const Principal bob = f.person("bob", {"bob@site.example"}, {"post@site.example"});
    CHECK(f.apply(f.directory.add_principal(bob)));
    CHECK(f.find("post@site.example").entry.principal == bob.id);
    CHECK(f.apply(f.directory.remove_principal(bob.id)));
    CHECK(f.find("post@site.example").kind == Found::Kind::nothing);
}

TEST_CASE("When the hint is lost, a removed address is remembered for a short while only") {
    Fixture f;
    const Principal alice = f.person("alice", {"alice@site.example"});
    CHECK(f.apply(f.directory.add_principal(alice)));
    CHECK(f.find("alice@site.example").kind == Found::Kind::principal);
    f.hears_of_addresses = false;
    CHECK(f.apply(f.directory.remove_principal(alice.id)));
    CHECK(f.find("alice@site.example").kind == Found::Kind::principal);
    f.clock.advance(remembered_for);
    CHECK(f.find("alice@site.example").kind == Found::Kind::nothing);
}

TEST_CASE("What is not there is not remembered") {
    Fixture f;
    f.hears_of_addresses = false;
    CHECK(f.find("alice@site.example").kind == Found::Kind::nothing);
    CHECK(f.apply(f.directory.add_principal(f.person("alice", {"alice@site.example"}))));
    CHECK(f.find("alice@site.example").kind == Found::Kind::principal);
}

TEST_CASE("An expiry at the beginning of time is kept: it is not the same as none") {
    const Range range{.id = RangeId::make(1),
                      .network = *net::Network::parse("192.0.2.0/24"),
                      .expires = WallTime()};
    CHECK(read_range(record_of(range)) == range);
    const Credential credential{
        .id = CredentialId::make(1), .principal = PrincipalId::make(2), .expires = WallTime()};
    CHECK(read_credential(record_of(credential)) == credential);
}
