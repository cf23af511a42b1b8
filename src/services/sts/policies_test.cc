#include "services/sts/policies.h"

#include <doctest/doctest.h>

#include "services/sts/limits.h"
#include "system/dns/testing/fake_resolver.h"
#include "system/net/spawn.h"
#include "system/store/memory/memory_store.h"

using namespace pidge;
using namespace std::chrono_literals;
using sts::Failure;

namespace {

// A domain with a policy, and what is known of it here.
struct Scene {
    ManualClock clock{WallTime(std::chrono::seconds(1'700'000'000))};
    std::unique_ptr<store::Store> store = store::open_memory(clock);
    dns::testing::FakeResolver dns;
    Result<http::Fetched> page = http::Fetched{200, "text/plain", body("enforce")};
    std::vector<http::FetchRequest> fetches;
    sts::Policies policies{{.store = *store,
                            .clock = clock,
                            .resolver = dns,
                            .fetch = [this](http::FetchRequest request) { return fetch(request); },
                            .port = 8443}};

    Scene() {
        dns.txt("_mta-sts.example.org", "v=STSv1; id=1;").a("mta-sts.example.org", "192.0.2.80");
    }
    static std::string body(const std::string& mode, int max_age_s = 604'800) {
        return "version: STSv1\nmode: " + mode +
               "\nmx: mx.example.org\nmax_age: " + std::to_string(max_age_s) + "\n";
    }
    void announce(const std::string& id) {
        dns.forget("_mta-sts.example.org").txt("_mta-sts.example.org", "v=STSv1; id=" + id);
    }
    net::Task<Result<http::Fetched>> fetch(http::FetchRequest request) {
        fetches.push_back(std::move(request));
        co_return page;
    }
    // What nobody waits for rides along with the next commit.
    void flush() {
        store::Change change;
        change.put(store::Space::meta, "test", "x");
        CHECK(net::run(store->commit(std::move(change))));
    }
    sts::Found find() { return net::run(policies.find("example.org")); }
    void refresh() { net::run(policies.refresh()); }
    std::string mode() {
        const sts::Found found = find();
        return found.policy ? std::string(mtasts::mode_name(found.policy->mode)) : "-";
    }
};

}  // namespace

TEST_CASE("a policy is fetched once and kept for as long as it says") {
    Scene scene;
    CHECK(scene.mode() == "enforce");
    REQUIRE(scene.fetches.size() == 1);
    CHECK(scene.fetches[0].host == "mta-sts.example.org");
    CHECK(scene.fetches[0].path == "/.well-known/mta-sts.txt");
    CHECK(scene.fetches[0].port == 8443);
    CHECK(scene.fetches[0].addresses.at(0).text() == "192.0.2.80");
    CHECK(scene.find().policy->patterns == std::vector<std::string>{"mx.example.org"});
    CHECK(scene.fetches.size() == 1);
    // Another process on the same store knows it too.
    sts::Policies other({.store = *scene.store, .clock = scene.clock, .resolver = scene.dns});
    CHECK(net::run(other.find("example.org")).policy);
}

TEST_CASE("[T03] hiding the record or the policy does not switch it off before its time") {
    Scene scene;
    CHECK(scene.mode() == "enforce");
    scene.page = Refusal{.text = "nobody is there"};
    SUBCASE("the record is gone") {
        scene.dns.forget("_mta-sts.example.org");
    }
    SUBCASE("the look-up fails") {
        scene.dns.trouble("_mta-sts.example.org", dns::Type::txt);
    }
    SUBCASE("the record cannot be read") {
        scene.dns.forget("_mta-sts.example.org").txt("_mta-sts.example.org", "v=STSv1; id=-");
    }
    SUBCASE("there is a new one, and its policy cannot be fetched") {
        scene.announce("2");
        CHECK(scene.find().failure == Failure{Failure::Kind::fetch, "nobody is there"});
    }
    scene.clock.advance(6 * 24h);
    CHECK(scene.mode() == "enforce");
    scene.clock.advance(24h);
    CHECK(scene.mode() == "-");
}

TEST_CASE("a new id brings a new policy, of whatever mode") {
    Scene scene;
    CHECK(scene.mode() == "enforce");
    scene.announce("2");
    scene.page->body = Scene::body("testing");
    CHECK(scene.mode() == "testing");
    scene.announce("3");
    scene.page->body = Scene::body("none");
    CHECK(scene.mode() == "-");
    CHECK(scene.fetches.size() == 3);
    CHECK(scene.mode() == "-");
    CHECK(scene.fetches.size() == 3);
}

TEST_CASE("a domain without a record is not asked for a policy") {
    Scene scene;
    scene.dns.forget("_mta-sts.example.org");
    CHECK(scene.mode() == "-");
    CHECK(scene.fetches.empty());
}

TEST_CASE("what cannot be fetched is told, and left alone for a while") {
    struct Case {
        Result<http::Fetched> page;
        Failure::Kind kind;
    };
    for (const Case& c :
         {Case{Refusal{.text = "x"}, Failure::Kind::fetch},
          Case{Refusal{.text = "x", .code = "certificate"}, Failure::Kind::certificate},
          Case{http::Fetched{404, "text/plain", Scene::body("enforce")}, Failure::Kind::fetch},
          Case{http::Fetched{301, "text/plain", Scene::body("enforce")}, Failure::Kind::fetch},
          Case{http::Fetched{200, "text/html", Scene::body("enforce")}, Failure::Kind::policy},
          Case{http::Fetched{200, "text/plain", "mode: enforce\n"}, Failure::Kind::policy}}) {
        Scene scene;
        scene.page = c.page;
        const sts::Found found = scene.find();
        CHECK_FALSE(found.policy);
        REQUIRE(found.failure);
        CHECK(found.failure->kind == c.kind);
        CHECK(scene.find().failure == found.failure);
        CHECK(scene.fetches.size() == 1);
        scene.page = http::Fetched{200, "TEXT/Plain; charset=utf-8", Scene::body("enforce")};
        scene.announce("2");
        CHECK(scene.mode() == "enforce");
        CHECK(scene.fetches.size() == 2);
    }
    Scene scene;
    scene.page = Refusal{.text = "x"};
    CHECK(scene.mode() == "-");
    scene.page = http::Fetched{200, "text/plain", Scene::body("enforce")};
    scene.clock.advance(sts::limits::failure_pause);
    CHECK(scene.mode() == "enforce");
    scene.dns.forget("mta-sts.example.org");
    scene.announce("2");
    CHECK(scene.find().failure->kind == Failure::Kind::fetch);
}

TEST_CASE("policies in use are refreshed every day, and ended ones forgotten") {
    Scene scene;
    CHECK(scene.mode() == "enforce");
    scene.refresh();
    CHECK(scene.fetches.size() == 1);
    for (int day = 1; day <= 20; ++day) {
        scene.clock.advance(24h);
        scene.refresh();
    }
    // It would have ended after seven days.
    CHECK(scene.fetches.size() == 21);
    scene.dns.forget("_mta-sts.example.org");
    CHECK(scene.mode() == "enforce");
    scene.clock.advance(8 * 24h);
    scene.refresh();
    scene.flush();  // the note that it was used
    scene.refresh();
    scene.flush();
    CHECK_FALSE(net::run(scene.store->get(store::Space::sts, "example.org")));
}

TEST_CASE("a policy that nobody uses is not refreshed for ever") {
    Scene scene;
    scene.page->body = Scene::body("enforce", 365 * 86'400);
    CHECK(scene.mode() == "enforce");
    scene.clock.advance(sts::limits::used_within + 1h);
    scene.refresh();
    CHECK(scene.fetches.size() == 1);
    CHECK(scene.mode() == "enforce");  // which is a use
    scene.flush();
    scene.refresh();
    CHECK(scene.fetches.size() == 2);
}

TEST_CASE("a kept policy reads back from its record") {
    const sts::KeptPolicy kept{
        .id = "1",
        .policy = {mtasts::Mode::testing, std::chrono::seconds(5), {"a.example", "*.b.example"}},
        .fetched = WallTime(std::chrono::microseconds(-1)),
        .used = WallTime(std::chrono::seconds(7))};
    CHECK(sts::read_kept_policy(sts::record_of(kept)) == kept);
    CHECK_FALSE(sts::read_kept_policy("\x01\x50"));
    CHECK_FALSE(sts::read_kept_policy(""));
}
