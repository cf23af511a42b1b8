// Counting and reporting, on a clock that the test moves.
#include <doctest/doctest.h>

#include "formats/gzip/gzip.h"
#include "formats/json/text.h"
#include "formats/message/mime_reader.h"
#include "mail/queue/entry_record.h"
#include "services/tlsrpt/limits.h"
#include "services/tlsrpt/reporter.h"
#include "services/tlsrpt/tally.h"
#include "system/dns/testing/fake_resolver.h"
#include "system/net/spawn.h"
#include "system/store/memory/memory_store.h"

using namespace pidge;
using namespace std::chrono_literals;
using tlsrpt::PolicyType;
using tlsrpt::ResultType;

namespace {

struct Scene {
    ManualClock clock{WallTime(std::chrono::sys_days(std::chrono::year(2026) / 11 / 20)) + 12h};
    std::unique_ptr<store::Store> store = store::open_memory(clock);
    audit::Trail trail{*store, clock, "audit.test/n1"};
    dns::testing::FakeResolver dns;
    std::vector<http::FetchRequest> posts;
    std::uint16_t post_status = 201;
    std::optional<address::Mailbox> contact =
        address::Mailbox{.local_part = "postmaster", .domain = "site.example"};
    int wakes = 0;
    tlsrpt::Tally tally{*store, clock};
    tlsrpt::Reporter reporter{{
        .store = *store,
        .clock = clock,
        .trail = trail,
        .resolver = dns,
        .post = [this](http::FetchRequest request) { return post(std::move(request)); },
        .route = [](const address::Mailbox& to) -> std::optional<queue::Destination> {
            return queue::Destination{.kind = queue::Destination::Kind::mx, .host = to.domain};
        },
        .wake = [this](store::DueGroup, WallTime) { ++wakes; },
        .contact = [this] { return contact; },
    }};

    net::Task<pidge::Result<http::Fetched>> post(http::FetchRequest request) {
        posts.push_back(std::move(request));
        if (post_status == 0) co_return Refusal{.text = "nobody is there"};
        co_return http::Fetched{.status = post_status};
    }
    static tlsrpt::Session session(ResultType type, PolicyType policy = PolicyType::sts) {
        return {.policy = {.type = policy, .domain = "example.org", .strings = {"a policy"}},
                .result = {type, type == ResultType::success ? "" : "a reason"},
                .sending_address = "192.0.2.25",
                .receiving_host = "mx.example.org",
                .receiving_address = "192.0.2.1"};
    }
    void note(ResultType type, PolicyType policy = PolicyType::sts) {
        tally.note(session(type, policy));
    }
    void flush() { net::run(tally.flush()); }
    void work() { net::run(reporter.work()); }
    // The day that was counted, as stored.
    std::optional<tlsrpt::Day> day() {
        const auto items = net::run(store->scan(store::Space::tlsrpt, {}));
        return items.empty() ? std::nullopt : tlsrpt::read_day(items[0].value);
    }
    std::vector<queue::Entry> queued() {
        std::vector<queue::Entry> entries;
        for (const auto& item : net::run(store->scan(store::Space::queue, {})))
            entries.push_back(queue::read_entry(item.value).value());
        return entries;
    }
    std::string body_of(const queue::Entry& entry) {
        return net::run([](store::Store& from, store::BlobId id) -> net::Task<std::string> {
            const auto blob = co_await from.open_blob(id);
            REQUIRE(blob);
            co_return co_await blob->read(0, 1 << 20);
        }(*store, entry.body));
    }
    void want(const std::string& places) {
        dns.txt("_smtp._tls.example.org", "v=TLSRPTv1; rua=" + places);
    }
};

}  // namespace

TEST_CASE("sessions are counted by domain, day, policy and reason, across flushes") {
    Scene scene;
    for (int round = 0; round < 2; ++round) {
        scene.note(ResultType::success);
        scene.note(ResultType::certificate_expired);
        scene.note(ResultType::certificate_expired);
        scene.note(ResultType::starttls_not_supported);
        scene.note(ResultType::success, PolicyType::tlsa);
        scene.flush();
    }
    const auto day = scene.day();
    REQUIRE(day);
    REQUIRE(day->policies.size() == 2);
    CHECK(day->policies[0].policy.type == PolicyType::sts);
    CHECK(day->policies[0].successes == 2);
    CHECK(day->policies[0].failures == 6);
    REQUIRE(day->policies[0].details.size() == 2);
    CHECK(day->policies[0].details[0].sessions == 4);
    CHECK(day->policies[0].details[0].receiving_host == "mx.example.org");
    CHECK(day->policies[1].successes == 2);
    scene.clock.advance(24h);
    scene.note(ResultType::success);
    scene.flush();
    CHECK(net::run(scene.store->scan(store::Space::tlsrpt, {})).size() == 2);
}

TEST_CASE("what one domain makes us count is bounded") {
    Scene scene;
    for (std::size_t i = 0; i < 10 * tlsrpt::limits::details_max; ++i) {
        auto session = Scene::session(ResultType::validation_failure);
        session.result.reason = std::to_string(i);
        session.policy.strings = {std::to_string(i / tlsrpt::limits::details_max * 2)};
        scene.tally.note(session);
        session.policy.strings = {"first"};
        scene.tally.note(session);
    }
    scene.flush();
    const auto day = scene.day();
    CHECK(day->policies.size() == tlsrpt::limits::policies_max);
    for (const auto& summary : day->policies)
        CHECK(summary.details.size() <= tlsrpt::limits::details_max);
    CHECK(day->policies[1].failures == 10 * tlsrpt::limits::details_max);
}

TEST_CASE("a day is reported by mail and by HTTPS once it is over") {
    Scene scene;
    scene.want("mailto:reports@example.org,https://reports.example.org/v1");
    scene.dns.a("reports.example.org", "192.0.2.80");
    scene.note(ResultType::success);
    scene.note(ResultType::starttls_not_supported);
    scene.flush();
    scene.work();
    CHECK(scene.queued().empty());
    scene.clock.advance(12h + tlsrpt::limits::spread);
    scene.work();
    scene.work();
    REQUIRE(scene.posts.size() == 1);
    CHECK(scene.posts[0].host == "reports.example.org");
    CHECK(scene.posts[0].path == "/v1");
    CHECK(scene.posts[0].content_type == "application/tlsrpt+gzip");
    const auto report = json::parse(gzip::decompress(scene.posts[0].body, 100'000).value());
    REQUIRE(report);
    CHECK(report->find("contact-info")->string() == "postmaster@site.example");
    CHECK(report->find_pointer("/date-range/start-datetime")->string() == "2026-11-20T00:00:00Z");
    CHECK(report->find_pointer("/policies/0/summary/total-failure-session-count")->integer() == 1);
    const auto entries = scene.queued();
    REQUIRE(entries.size() == 1);
    CHECK_FALSE(entries[0].sender);
    CHECK(entries[0].recipients.at(0).address.text() == "reports@example.org");
    // RFC 8460 §3: it arrives though TLS is broken.
    CHECK(entries[0].destination.tls == queue::Destination::Tls::any);
    const std::string body = scene.body_of(entries[0]);
    CHECK(body.size() == entries[0].body_bytes);
    const auto structure = message::read_structure(body);
    CHECK(message::decoded(structure.parts.at(2).body.in(body), message::Encoding::base64) ==
          scene.posts[0].body);
    CHECK(scene.wakes == 1);
    CHECK(scene.day()->is_reported);
}

TEST_CASE("nobody who does not ask gets a report") {
    Scene scene;
    scene.note(ResultType::success);
    scene.flush();
    scene.clock.advance(24h);
    scene.work();
    CHECK(scene.queued().empty());
    CHECK(scene.day()->is_settled);
    CHECK_FALSE(scene.day()->is_reported);
    scene.clock.advance(tlsrpt::limits::kept + 24h);
    scene.work();
    scene.note(ResultType::success);
    scene.flush();
    CHECK(net::run(scene.store->scan(store::Space::tlsrpt, {})).size() == 1);
}

TEST_CASE("what cannot be sent is tried again for a day") {
    Scene scene;
    SUBCASE("the web server fails") {
        scene.want("https://reports.example.org");
        scene.dns.a("reports.example.org", "192.0.2.80");
        scene.post_status = 503;
    }
    SUBCASE("it has no address") {
        scene.want("https://reports.example.org");
    }
    SUBCASE("the look-up fails") {
        scene.dns.trouble("_smtp._tls.example.org", dns::Type::txt);
    }
    scene.note(ResultType::success);
    scene.flush();
    scene.clock.advance(12h + tlsrpt::limits::spread);
    int tries = 0;
    for (; tries < 100 && !scene.day()->is_settled; ++tries) {
        scene.work();
        scene.work();
        scene.clock.advance(tlsrpt::limits::try_pause);
    }
    CHECK(tries >= 20);
    CHECK(tries <= 25);
    CHECK(scene.posts.size() <= 25);
    CHECK_FALSE(scene.day()->is_reported);
}

TEST_CASE("without an address of ours nothing is sent yet") {
    Scene scene;
    scene.want("mailto:reports@example.org");
    scene.note(ResultType::success);
    scene.flush();
    scene.clock.advance(24h);
    scene.contact.reset();
    scene.work();
    CHECK_FALSE(scene.day()->is_settled);
    scene.contact = address::Mailbox{.local_part = "postmaster", .domain = "site.example"};
    scene.work();
    CHECK(scene.queued().size() == 1);
}

TEST_CASE("a day reads back from its record, and a damaged one is none") {
    Scene scene;
    scene.note(ResultType::dnssec_invalid);
    scene.flush();
    auto day = scene.day().value();
    day.is_settled = day.is_reported = true;
    day.next_try = WallTime(std::chrono::microseconds(-5));
    const auto again = tlsrpt::read_day(tlsrpt::record_of(day));
    REQUIRE(again);
    CHECK(tlsrpt::record_of(*again) == tlsrpt::record_of(day));
    CHECK(again->next_try == day.next_try);
    CHECK_FALSE(tlsrpt::read_day(""));
    CHECK_FALSE(tlsrpt::read_day(tlsrpt::record_of(day).substr(0, 20)));
    const tlsrpt::DayKey key{std::chrono::sys_days(std::chrono::days(20'000)), "example.org"};
    CHECK(tlsrpt::DayKey::read(key.bytes()) == key);
    CHECK_FALSE(tlsrpt::DayKey::read("short"));
}
