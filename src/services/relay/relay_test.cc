// The whole relay on the memory engine, with a courier that does what the case says.
#include <doctest/doctest.h>

#include <algorithm>
#include <set>

#include "base/text.h"
#include "services/relay/limits.h"
#include "services/relay/testing/world.h"
#include "system/net/spawn.h"
#include "system/net/timer.h"
#include "system/store/limits.h"

using namespace pidge;
using namespace pidge::relay;
using namespace pidge::relay::testing;
using namespace std::chrono_literals;
using Kind = queue::RecipientResult::Kind;

namespace {

// Runs a scenario on a loop of its own, then drains the relay.
void play(net::Task<void> (*scenario)(World&), RelayOptions options = World::default_options()) {
    const auto whole = [](net::Task<void> (*scene)(World&), RelayOptions opts) -> net::Task<void> {
        World world(std::move(opts));
        std::exception_ptr error;
        try {
            co_await world.until([&] { return world.relay->status().has_swept; });
            co_await scene(world);
        } catch (...) {
            error = std::current_exception();
        }
        world.courier.is_over = true;
        world.courier.let_go.notify_all();
        co_await world.relay->drain();
        if (error) std::rethrow_exception(error);
    };
    net::run(whole(scenario, std::move(options)));
}

std::set<queue::EntryId> ids_of(const std::vector<FakeCourier::Delivered>& deliveries) {
    std::set<queue::EntryId> ids;
    for (const auto& delivered : deliveries) ids.insert(delivered.id);
    return ids;
}

}  // namespace

TEST_CASE("a message goes out whole, its entry ends, its outcome is audited") {
    play([](World& w) -> net::Task<void> {
        const auto id = co_await w.put({});
        co_await w.until_queued(0);
        REQUIRE(w.courier.deliveries.size() == 1);
        CHECK(w.courier.deliveries[0].body ==
              "Received: by relay.site.example\r\nSubject: hello\r\n\r\nHello\r\n");
        const auto attempts = co_await w.audited(audit::Type::attempt);
        const auto outcomes = co_await w.audited(audit::Type::outcome);
        REQUIRE(attempts.size() == 1);
        REQUIRE(outcomes.size() == 1);
        CHECK(w.text_of(outcomes[0].fields, "queue") == id.text());
        CHECK(w.text_of(outcomes[0].fields, "action") == "relayed");
        CHECK(w.text_of(outcomes[0].fields, "to") == "bob@example.org");
        CHECK(w.text_of(outcomes[0].fields, "from") == "alice@site.example");
        CHECK(w.text_of(outcomes[0].fields, "principal") == "p-alice");
        CHECK(w.text_of(outcomes[0].fields, "host") == "host.mx:example.org");
        CHECK(w.text_of(outcomes[0].fields, "reply") == "250 2.0.0 taken");
        const auto verdict = co_await w.trail->verify();
        CHECK(verdict.kind == audit::Verdict::Kind::sound);
        // The body went with its last holder.
        const auto blobs = co_await w.store->scan(store::Space::blob, {});
        CHECK(blobs.empty());
        const auto due = co_await w.store->scan(store::Space::due, {});
        CHECK(due.empty());
    });
}

TEST_CASE("an entry that is offered but not as it stands in the store is not sent") {
    play([](World& w) -> net::Task<void> {
        co_await w.put({.edit = [](queue::Entry& e) { e.due += 1h; }});
        auto entry = (co_await w.queued()).at(0);
        entry.due = w.clock.now();
        w.relay->offer(entry);
        co_await w.rest();
        CHECK(w.courier.deliveries.empty());
        w.advance(1h);
        co_await w.until_queued(0);
        CHECK(w.courier.deliveries.size() == 1);
    });
}

TEST_CASE("what is not accepted now is tried again at its time, on the schedule") {
    play([](World& w) -> net::Task<void> {
        w.courier.site("mx:example.org").answer = Kind::temporary;
        co_await w.put({});
        co_await w.until([&] { return w.courier.deliveries.size() == 1; });
        co_await w.rest();
        auto entries = co_await w.queued();
        REQUIRE(entries.size() == 1);
        CHECK(entries[0].attempts == 1);
        CHECK(entries[0].last_reply == "mx.example: 451 come again");
        CHECK(entries[0].due > w.clock.now() + 3min);
        CHECK(entries[0].due <= w.clock.now() + 5min);

        w.advance(3min);
        co_await net::sleep_for(60ms);
        CHECK(w.courier.deliveries.size() == 1);
        w.courier.site("mx:example.org").answer = Kind::accepted;
        w.advance(2min);
        co_await w.until_queued(0);
        CHECK(w.courier.deliveries.size() == 2);
    });
}

TEST_CASE("a recipient that is refused is reported, one that is deferred stays") {
    play([](World& w) -> net::Task<void> {
        w.courier.site("mx:example.org").answers = [](const queue::Entry& entry) {
            Delivery delivery;
            for (const auto& recipient : entry.recipients) {
                const bool is_bad = recipient.address.local_part == "nobody";
                delivery.results.push_back(
                    {is_bad ? Kind::permanent : Kind::temporary, 550, {5, 1, 1}, "x", "mx"});
            }
            return std::optional(delivery);
        };
        w.courier.site("mx:site.example").hangs = true;
        co_await w.put({.recipients = {"nobody@example.org", "bob@example.org"}});
        co_await w.until_queued(2);
        auto entries = co_await w.queued();
        if (!entries[0].sender) std::swap(entries[0], entries[1]);
        CHECK(entries[0].recipients.size() == 1);
        CHECK(entries[0].recipients[0].address.local_part == "bob");
        CHECK_FALSE(entries[1].sender);
        CHECK(entries[1].recipients[0].address == mailbox("alice@site.example"));
        const auto told = co_await w.audited(audit::Type::dsn_sent);
        REQUIRE(told.size() == 1);
        CHECK(w.text_of(told[0].fields, "about") == entries[0].id.text());
    });
}

TEST_CASE("messages to one destination share connections, which close when they are idle") {
    auto options = World::default_options();
    options.line_idle_max = 1s;  // long beside what a busy machine may take between two messages
    play(
        [](World& w) -> net::Task<void> {
            co_await w.put_many({}, 200);
            co_await w.until_queued(0);
            CHECK(w.courier.deliveries.size() == 200);
            CHECK(ids_of(w.courier.deliveries).size() == 200);
            CHECK(w.courier.connects["mx:example.org"] <= 25);
            CHECK(w.courier.open_most["mx:example.org"] <= 20);
            co_await w.rest();
            CHECK(w.courier.open["mx:example.org"] == 0);
            CHECK(w.courier.quits == w.courier.connects["mx:example.org"]);
        },
        options);
}

TEST_CASE("an idle connection is used by the next message") {
    auto options = World::default_options();
    options.line_idle_max = 10s;
    play(
        [](World& w) -> net::Task<void> {
            for (int i = 0; i < 5; ++i) {
                co_await w.put({});
                co_await w.until_queued(0);
                co_await w.until_idle();
            }
            CHECK(w.courier.connects["mx:example.org"] == 1);
        },
        options);
}

TEST_CASE("a connection is given up after its share of messages") {
    auto options = World::default_options();
    options.line_idle_max = 10s;
    options.line_messages_max = 10;
    options.destinations.workers_per_destination_max = 1;
    options.destinations.workers_first = 1;
    play(
        [](World& w) -> net::Task<void> {
            co_await w.put_many({}, 35);
            co_await w.until_queued(0);
            CHECK(w.courier.connects["mx:example.org"] == 4);
        },
        options);
}

// RFC 9422 §4.1: else the next message is refused for no fault of its own.
TEST_CASE("a host that takes two messages in a connection gets no third one in it") {
    play([](World& w) -> net::Task<void> {
        w.courier.site("mx:example.org").messages_per_line = 2;
        co_await w.put_many({}, 10);
        co_await w.until_queued(0);
        co_await w.rest();
        CHECK(w.courier.connects["mx:example.org"] >= 5);
        CHECK(w.courier.quits == w.courier.connects["mx:example.org"]);
    });
}

TEST_CASE("a dead destination is left alone for a while, and its messages share the failure") {
    play([](World& w) -> net::Task<void> {
        w.courier.site("mx:example.org").is_reachable = false;
        // All are there before it is tried: what comes while it is paused waits.
        co_await w.relay->drain();
        w.relay.reset();
        co_await w.put_many({}, 300);
        w.make_relay();
        co_await w.until([&] { return w.relay->status().destinations.paused == 1; });
        co_await w.rest();
        CHECK(w.courier.connects["mx:example.org"] <= 2);
        auto entries = co_await w.queued();
        REQUIRE(entries.size() == 300);
        for (const auto& entry : entries) CHECK(entry.attempts == 1);
        CHECK(entries[0].last_reply == "connection refused");

        // What arrives meanwhile waits for the pause to end.
        const int before = w.courier.connects["mx:example.org"];
        co_await w.put({});
        co_await net::sleep_for(30ms);
        CHECK(w.courier.connects["mx:example.org"] == before);
        w.courier.site("mx:example.org").is_reachable = true;
        w.advance(31s);
        co_await w.until_queued(300);
        w.advance(6min);
        co_await w.until_queued(0);
        CHECK(ids_of(w.courier.deliveries).size() == 301);
        CHECK(w.courier.deliveries.size() == 301);
    });
}

TEST_CASE("a message tries the other hosts of its destination when a connection breaks") {
    play([](World& w) -> net::Task<void> {
        auto& site = w.courier.site("mx:example.org");
        site.answers = [&w](const queue::Entry& entry) -> std::optional<Delivery> {
            if (w.courier.deliveries.size() > 2) return std::nullopt;
            Delivery delivery{.line = Delivery::Line::another};
            delivery.results.assign(entry.recipients.size(),
                                    {Kind::temporary, 0, {4, 4, 2}, "lost", "mx1"});
            return delivery;
        };
        co_await w.put({});
        co_await w.until_queued(0);
        CHECK(w.courier.deliveries.size() == 3);
        const auto attempts = co_await w.audited(audit::Type::attempt);
        REQUIRE(attempts.size() == 1);
        CHECK(attempts[0].fields.at("tried").array()->size() == 2);
    });
}

TEST_CASE("a connection that was closed while idle costs no attempt") {
    auto options = World::default_options();
    options.line_idle_max = 10s;
    play(
        [](World& w) -> net::Task<void> {
            auto& site = w.courier.site("mx:example.org");
            site.answers = [&w](const queue::Entry&) -> std::optional<Delivery> {
                if (w.courier.deliveries.size() != 2) return std::nullopt;
                return Delivery{.line = Delivery::Line::stale};
            };
            co_await w.put({});
            co_await w.until_idle();
            co_await w.put({});
            co_await w.until_queued(0);
            CHECK(w.courier.deliveries.size() == 3);
            const auto attempts = co_await w.audited(audit::Type::attempt);
            CHECK(attempts.size() == 2);
        },
        options);
}

TEST_CASE("discarded messages end without a connection") {
    play([](World& w) -> net::Task<void> {
        co_await w.put_many({.destination = "discard"}, 1000);
        co_await w.until_queued(0);
        CHECK(w.courier.connects.empty());
        const auto outcomes = co_await w.audited(audit::Type::outcome);
        CHECK(outcomes.size() == 1000);
    });
}

namespace {

// Each entry as large as the longest addresses make it: together far more than one commit takes.
Message to_many(const std::string& destination, int recipients) {
    Message message{.destination = destination, .recipients = {}};
    const std::string long_part(50, 'x');
    for (int i = 0; i < recipients; ++i)
        message.recipients.push_back(long_part + std::to_string(i) + "@" + std::string(60, 'd') +
                                     "." + std::string(60, 'd') + "." + std::string(60, 'd') +
                                     ".example");
    return message;
}

}  // namespace

TEST_CASE("entries with very many recipients are settled in commits that the store takes") {
    play([](World& w) -> net::Task<void> {
        co_await w.put_many(to_many("discard", 2500), 16);
        co_await w.until_queued(0);
        co_await w.rest();
        CHECK(w.relay->status().destinations.leased == 0);
    });
    play([](World& w) -> net::Task<void> {
        w.courier.site("mx:example.org").is_reachable = false;
        w.courier.site("mx:example.org").failure = std::string(1000, 'f');
        co_await w.put_many(to_many("mx:example.org", 2500), 16);
        co_await w.until([&] { return w.relay->status().destinations.paused == 1; });
        co_await w.rest();
        const auto entries = co_await w.queued();
        CHECK(entries.size() == 16);
        for (const queue::Entry& entry : entries) CHECK(entry.attempts == 1);
    });
}

TEST_CASE("the replies of an attempt are cut where they are very many") {
    play([](World& w) -> net::Task<void> {
        w.courier.site("mx:example.org").is_reachable = false;
        w.courier.site("mx:example.org").failure = std::string(1000, 'f');
        co_await w.put(to_many("mx:example.org", 10'000));
        co_await w.until([&] { return w.relay->status().destinations.paused == 1; });
        co_await w.rest();
        const auto attempts = co_await w.audited(audit::Type::attempt);
        REQUIRE(attempts.size() == 1);
        CHECK(audit::encode(attempts[0]).size() < store::limits::value_bytes_max);
    });
}

TEST_CASE("a route that changed holds for what waits, recipient by recipient") {
    play([](World& w) -> net::Task<void> {
        w.courier.site("smtp:wrong.example:25").is_reachable = false;
        const auto id = co_await w.put(
            {.destination = "smtp:wrong.example:25",
             .recipients = {"a@one.example", "b@two.example", "c@three.example", "d@two.example"}});
        co_await w.until([&] { return w.relay->status().destinations.paused == 1; });
        co_await w.rest();
        w.routes = {{"one.example", "smtp:wrong.example:25"},
                    {"two.example", "smtp:right.example:25"},
                    {"three.example", "mx:three.example"}};
        co_await w.restart();
        w.advance(5min);
        co_await w.until_queued(3);
        w.advance(1s);
        co_await w.until_queued(1);
        std::set<std::string> ways;
        for (const auto& delivered : w.courier.deliveries) ways.insert(delivered.destination);
        CHECK(ways == std::set<std::string>{"smtp:right.example:25", "mx:three.example"});
        const auto outcomes = co_await w.audited(audit::Type::outcome);
        CHECK(outcomes.size() == 3);
        const auto entry = (co_await w.queued()).at(0);
        CHECK(entry.id == id);
        CHECK(entry.recipients.size() == 1);
        CHECK(entry.recipients[0].address == mailbox("a@one.example"));
        w.courier.site("smtp:wrong.example:25").is_reachable = true;
        w.advance(30min);
        co_await w.until_queued(0);
        CHECK((co_await w.store->scan(store::Space::blob, {})).empty());
    });
}

TEST_CASE("an entry whose recipients all part is parted in steps") {
    play([](World& w) -> net::Task<void> {
        Message message{.destination = "smtp:wrong.example:25", .recipients = {}};
        for (std::size_t i = 0; i < limits::reroute_parts + 50; ++i) {
            const std::string domain = "d" + std::to_string(i) + ".example";
            message.recipients.push_back("a@" + domain);
            w.routes[domain] = "mx:" + domain;
        }
        w.courier.site("smtp:wrong.example:25").is_reachable = false;
        co_await w.put(message);
        co_await w.until([&] { return w.relay->status().destinations.paused == 1; });
        co_await w.rest();
        co_await w.restart();
        w.advance(5min);
        co_await w.until_queued(limits::reroute_parts + 1);
        w.advance(1s);
        co_await w.until([&] { return w.courier.deliveries.size() >= limits::reroute_parts; });
        w.advance(1s);
        co_await w.until_queued(0);
        CHECK(w.courier.deliveries.size() == message.recipients.size());
        CHECK(ids_of(w.courier.deliveries).size() == message.recipients.size());
    });
}

TEST_CASE("a delivery does not outlast its lease") {
    auto options = World::default_options();
    options.lease_duration = 1s;
    const auto scene = [](World& w) -> net::Task<void> {
        w.courier.site("mx:example.org").hangs = true;
        co_await w.put({});
        co_await w.until([&] { return w.courier.deliveries.size() == 1; });
        co_await w.rest();
        const auto entries = co_await w.queued();
        REQUIRE(entries.size() == 1);
        CHECK(entries[0].attempts == 1);
        CHECK(entries[0].last_reply.find("the delivery took too long") != std::string::npos);
    };
    play(scene, options);
}

TEST_CASE("[C1] what was under way when the process ended goes out after a restart, once") {
    play([](World& w) -> net::Task<void> {
        w.courier.site("mx:example.org").hangs = true;
        co_await w.put_many({}, 50);
        co_await w.until([&] { return w.courier.deliveries.size() >= 2; });
        // The other side answers while we drain: these are done. The rest is given back.
        const auto drained = [](World& world) -> net::Task<void> { co_await world.relay->drain(); };
        net::spawn("drain", drained(w));
        co_await net::sleep_for(20ms);
        w.courier.site("mx:example.org").hangs = false;
        w.courier.let_go.notify_all();
        co_await w.rest();
        const auto left = co_await w.queued();
        CHECK(left.size() + w.courier.deliveries.size() == 50);
        CHECK(left.size() >= 10);
        co_await w.restart();
        co_await w.until_queued(0);
        CHECK(w.courier.deliveries.size() == 50);
        CHECK(ids_of(w.courier.deliveries).size() == 50);
    });
}

TEST_CASE("two relays on one store send nothing twice") {
    play([](World& w) -> net::Task<void> {
        const auto first = std::move(w.relay);
        w.make_relay();
        co_await w.put_many({}, 300);
        for (int i = 0; i < 20; ++i) {
            first->wake(queue::Destination::parse("mx:example.org")->group(), w.clock.now());
            co_await net::sleep_for(1ms);
        }
        co_await w.until_queued(0);
        CHECK(w.courier.deliveries.size() == 300);
        CHECK(ids_of(w.courier.deliveries).size() == 300);
        co_await first->drain();
    });
}

TEST_CASE("[C8] a slow destination does not hold up the others") {
    auto options = World::default_options();
    options.destinations.workers_max = 40;
    play(
        [](World& w) -> net::Task<void> {
            for (int i = 0; i < 20; ++i) {
                const std::string slow = "mx:slow" + std::to_string(i) + ".example";
                w.courier.site(slow).hangs = true;
                co_await w.put_many({.destination = slow}, 20);
            }
            co_await w.until([&] { return w.courier.deliveries.size() >= 20; });
            co_await w.put_many({.destination = "mx:good.example"}, 200);
            co_await w.until([&] {
                return std::ranges::count(w.courier.deliveries, "mx:good.example",
                                          &FakeCourier::Delivered::destination) == 200;
            });
            CHECK(w.courier.deliveries.size() < 20 * 20);
        },
        options);
}

TEST_CASE("[C10] a clock that goes back ten years holds up no retry") {
    play([](World& w) -> net::Task<void> {
        w.courier.site("mx:example.org").answer = Kind::temporary;
        co_await w.put({});
        co_await w.until([&] { return w.courier.deliveries.size() == 1; });
        co_await w.rest();
        w.courier.site("mx:example.org").answer = Kind::accepted;
        w.clock.step_wall(-std::chrono::hours(87'600));
        w.relay->look();
        co_await w.until_queued(0);
        CHECK(w.courier.deliveries.size() == 2);
    });
}

TEST_CASE("[C10] a clock that goes back strands nothing behind others of its destination") {
    play([](World& w) -> net::Task<void> {
        w.courier.site("mx:example.org").answer = Kind::temporary;
        const auto ahead = [&](queue::Entry& e) {
            e.arrived += std::chrono::hours(87'600);
            e.due = e.arrived;
        };
        co_await w.put({.edit = [](queue::Entry& e) { e.due += 2h; }});
        const auto stranded = co_await w.put({.edit = ahead});
        co_await w.put({.edit = [](queue::Entry& e) { e.due += 72h; }});
        co_await w.restart();
        co_await w.until([&] { return ids_of(w.courier.deliveries).contains(stranded); });
        co_await w.rest();
        CHECK(ids_of(w.courier.deliveries) == std::set{stranded});
        const auto entries = co_await w.queued();
        CHECK(entries.size() == 3);
        for (const queue::Entry& entry : entries) CHECK(entry.attempts == (entry.id == stranded));
    });
}

TEST_CASE("[C10] a message that is to be sent late waits for its time, and a restart too") {
    play([](World& w) -> net::Task<void> {
        co_await w.put({.edit = [](queue::Entry& e) { e.due += std::chrono::hours(72); }});
        co_await net::sleep_for(50ms);
        co_await w.restart();
        co_await net::sleep_for(50ms);
        CHECK(w.courier.deliveries.empty());
        w.advance(73h);
        co_await w.until_queued(0);
    });
}

TEST_CASE("a held entry is not touched, a damaged or missing one does no harm") {
    play([](World& w) -> net::Task<void> {
        const auto held = co_await w.put({.edit = [](queue::Entry& e) { e.held = true; }});
        store::Change change;
        const auto destination = *queue::Destination::parse("mx:example.org");
        change.schedule(destination.group(), w.clock.now(), "no such item");
        const queue::EntryId odd{queue::QueueId::make(1), 0};
        change.put(store::Space::queue, odd.key(), "\x07 damaged");
        change.schedule(destination.group(), w.clock.now(), odd.key());
        const auto committed = co_await w.store->commit(std::move(change));
        REQUIRE(committed);
        const auto good = co_await w.put({});
        co_await w.until([&] { return !w.courier.deliveries.empty(); });
        co_await w.rest();
        CHECK(ids_of(w.courier.deliveries) == std::set{good});
        // What is nothing any more goes with the next commit that somebody waits for, or soon.
        bool is_empty = false;
        for (int i = 0; i < 500 && !is_empty; ++i) {
            co_await net::sleep_for(10ms);
            const auto due = co_await w.store->scan(store::Space::due, {});
            is_empty = due.empty();
        }
        CHECK(is_empty);
        const auto still_there = co_await w.store->get(store::Space::queue, held.key());
        CHECK(still_there);
    });
}

TEST_CASE("what was queued before the start goes out, once each, and what comes meanwhile too") {
    play([](World& w) -> net::Task<void> {
        co_await w.relay->drain();
        w.relay.reset();
        for (int i = 0; i < 100; ++i)
            co_await w.put_many({.destination = "mx:d" + std::to_string(i) + ".example"}, 20);
        w.make_relay();
        // Ready at once: what comes now goes before the rest is known.
        const auto fresh = co_await w.put({.destination = "mx:fresh.example"});
        co_await w.until_queued(0);
        CHECK(w.courier.deliveries.size() == 2001);
        CHECK(ids_of(w.courier.deliveries).size() == 2001);
        CHECK(ids_of(w.courier.deliveries).contains(fresh));
    });
}
