#include "mail/directory/directory.h"

#include <doctest/doctest.h>

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
    Domain domain = *f.directory.site()->find_domain("site.example");
    domain.postmaster = {"alice@site.example"};
    CHECK(f.apply(f.directory.update_domain(domain)));
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
    Principal alice = f.person("alice", {"alice@site.example"}, {"old@site.example"});
    CHECK(f.apply(f.directory.add_principal(alice)));
    alice.login = "alice2";
    alice.aliases = {"new@site.example"};
    CHECK(f.apply(f.directory.update_principal(alice)));
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
    Principal alice = f.person("alice", {"alice@site.example"}, {"post@site.example"});
    CHECK(f.apply(f.directory.add_principal(alice)));
    CHECK(f.find("post@site.example").entry.principal == alice.id);
    alice.aliases.clear();
    CHECK(f.apply(f.directory.update_principal(alice)));
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
