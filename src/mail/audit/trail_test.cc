#include "mail/audit/trail.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <vector>

#include "mail/audit/fold.h"
#include "system/net/spawn.h"
#include "system/store/log_entry.h"
#include "system/store/memory/memory_store.h"

using namespace pidge;
using audit::Type;
using audit::Verdict;

namespace {

struct Fixture {
    ManualClock clock{WallTime(std::chrono::hours(24 * 365 * 56))};
    std::unique_ptr<store::Store> store = store::open_memory(clock);
    audit::Trail trail{*store, clock, "audit.test/n1"};

    void put(store::Space space, Bytes key, Bytes value) {
        store::Change change;
        change.put(space, key, std::move(value));
        CHECK(net::run(store->commit(std::move(change))).has_value());
    }
    void write(int count) {
        for (int i = 0; i < count; ++i) {
            store::Change change;
            trail.append(
                change,
                trail.entry(Type::accept, "smtp",
                            {{"queue", "q" + std::to_string(i)},
                             {"from", i % 2 == 0 ? "Alice@site.example" : "bob@site.example"},
                             {"to", cbor::Array{"x@ext.example", "y@ext.example"}}}));
            clock.advance(std::chrono::seconds(1));
            CHECK(net::run(store->commit(std::move(change))).has_value());
        }
    }
    void damage(std::uint64_t number, auto change_value) {
        const Bytes key = store::log_key(trail.log(), number);
        Bytes value = *net::run(store->get(store::Space::audit, key));
        change_value(value);
        store::Change change;
        change.put(store::Space::audit, key, value);
        CHECK(net::run(store->commit(std::move(change))).has_value());
    }
    Verdict verify() { return net::run(trail.verify()); }
    std::vector<audit::Numbered> search(audit::Query query) {
        return net::run(trail.search(std::move(query)));
    }
};

}  // namespace

TEST_CASE("[O10] entries are numbered without gaps and read back as they were written") {
    Fixture f;
    f.write(5);
    const auto found = f.search({.order = audit::Query::Order::oldest_first});
    REQUIRE(found.size() == 5);
    for (std::size_t i = 0; i < 5; ++i) {
        CHECK(found[i].number == i + 1);
        CHECK(*found[i].entry.fields.at("queue").text() == "q" + std::to_string(i));
        CHECK(found[i].entry.source == "smtp");
        CHECK(found[i].entry.boot.size() == 16);
    }
    CHECK(f.verify().kind == Verdict::Kind::sound);
    CHECK(f.verify().entries == 5);
}

TEST_CASE("an empty log is sound") {
    Fixture f;
    CHECK(f.verify().kind == Verdict::Kind::sound);
    CHECK(f.search({}).empty());
}

TEST_CASE("a search matches every field that is set, in both orders and page by page") {
    Fixture f;
    f.write(2500);
    CHECK(f.search({.sender = "alice@", .limit = 5000}).size() == 1250);
    CHECK(f.search({.queue_id = "q77", .limit = 5000}).size() == 11);
    CHECK(f.search({.recipient = "Y@EXT"}).size() == 100);
    CHECK(f.search({.any = "nobody"}).empty());
    CHECK(f.search({.types = {Type::reject}}).empty());
    auto newest = f.search({.limit = 3});
    CHECK(newest.front().number == 2500);
    CHECK(f.search({.limit = 3, .after = newest.back().number}).front().number == 2497);
    const WallTime from = newest.back().entry.wall;
    CHECK(f.search({.from = from, .limit = 5000}).size() == 3);
    CHECK(f.search({.to = from, .limit = 5000}).size() == 2497);
}

TEST_CASE("[J23] an altered entry is found, with its number") {
    Fixture f;
    f.write(20);
    f.damage(7, [](Bytes& value) { value[40] = static_cast<char>(value[40] ^ 1); });
    CHECK(f.verify().kind == Verdict::Kind::altered);
    CHECK(f.verify().first_bad == 7);
}

TEST_CASE(
    "[J23] an entry whose chain value was made to fit is found at the next one, and the last one "
    "at the end mark") {
    for (const std::uint64_t number : {7, 20}) {
        Fixture f;
        f.write(20);
        const auto before = net::run(f.trail.show(number - 1));
        f.damage(number, [&](Bytes& value) {
            audit::Entry entry = *audit::decode(std::string_view(value).substr(32));
            entry.fields["from"] = "mallory@site.example";
            const Bytes forged = audit::encode(entry);
            const store::Chain chain = store::next_chain(before->chain, number, forged);
            value.assign(chain.begin(), chain.end());
            value += forged;
        });
        CHECK(f.verify().kind == Verdict::Kind::altered);
        CHECK(f.verify().first_bad == std::min<std::uint64_t>(number + 1, 20));
    }
}

TEST_CASE("[J23] a missing entry and a cut tail are gaps") {
    for (const std::uint64_t number : {1, 7, 20}) {
        Fixture f;
        f.write(20);
        store::Change change;
        change.erase(store::Space::audit, store::log_key(f.trail.log(), number));
        CHECK(net::run(f.store->commit(std::move(change))).has_value());
        CHECK(f.verify().kind == Verdict::Kind::gap);
        CHECK(f.verify().first_bad == number);
    }
}

TEST_CASE("[J23] a record that is no entry, and one behind the end mark, are alterations") {
    const std::string log = "audit.test/n1";
    for (const Bytes& key : {store::log_key(log, 0), log + '\0', log + Bytes(5, '\0'), log,
                             store::log_key(log, 3) + "x", store::log_key(log, 21),
                             store::log_key(log, 25), store::log_key(log, UINT64_MAX) + "x"}) {
        Fixture f;
        f.write(20);
        f.put(store::Space::audit, key, Bytes(100, 'x'));
        CHECK(f.verify().kind == Verdict::Kind::altered);
        CHECK(f.search({}).size() == 20);
        CHECK(f.search({.order = audit::Query::Order::oldest_first}).size() == 20);
    }
}

TEST_CASE("[J23] a lost end mark, one set back and a spoiled one are alterations") {
    Fixture f;
    f.write(20);
    const Bytes key = store::log_end_key(f.trail.log());
    const Verdict sound = f.verify();
    const auto eleventh = net::run(f.trail.show(11));
    f.put(store::Space::counter, key, store::log_end_record({11, eleventh->chain}));
    CHECK(f.verify().kind == Verdict::Kind::altered);
    CHECK(f.verify().first_bad == 12);
    f.put(store::Space::counter, key, "spoiled");
    CHECK(f.verify().kind == Verdict::Kind::altered);
    CHECK(f.search({}).size() == 20);
    store::Change lose;
    lose.erase(store::Space::counter, key);
    CHECK(net::run(f.store->commit(std::move(lose))).has_value());
    CHECK(f.verify().kind == Verdict::Kind::altered);
    f.put(store::Space::counter, key, store::log_end_record(sound.end));
    CHECK(f.verify().kind == Verdict::Kind::sound);
}

TEST_CASE("[J23] logs of other names are listed, verified, searched and shown") {
    Fixture f;
    f.write(3);
    f.put(store::Space::audit, store::log_key("audit.test/lost", 1),
          "of a log without an end mark");
    audit::Trail renamed(*f.store, f.clock, "audit.new/n1");
    const auto logs = net::run(renamed.logs());
    REQUIRE(logs.size() == 3);
    CHECK(logs[0].name == "audit.new/n1");
    CHECK(logs[0].entries == 0);
    CHECK(logs[1].name == "audit.test/lost");
    CHECK(logs[2].name == "audit.test/n1");
    CHECK(logs[2].entries == 3);
    CHECK(net::run(renamed.verify()).kind == Verdict::Kind::sound);
    CHECK(net::run(renamed.verify("audit.test/lost")).kind == Verdict::Kind::altered);
    CHECK(net::run(renamed.verify("audit.test/n1")).entries == 3);
    CHECK(net::run(renamed.search({})).empty());
    CHECK(net::run(renamed.search({.log = "audit.test/n1"})).size() == 3);
    CHECK_FALSE(net::run(renamed.show(2)).has_value());
    CHECK(*net::run(renamed.show(2, "audit.test/n1"))->entry.fields.at("queue").text() == "q1");
}

TEST_CASE("[J10] a search between two times finds every entry, wherever the clock was set") {
    Fixture f;
    const WallTime begun = f.clock.now();
    std::vector<WallTime> times;
    const auto write = [&](int count) {
        for (int i = 0; i < count; ++i) times.push_back(f.clock.now() + std::chrono::seconds(i));
        f.write(count);
    };
    write(3000);
    f.clock.step_wall(-std::chrono::hours(24 * 365 * 26));
    write(2500);
    f.clock.step_wall(std::chrono::hours(24 * 365 * 26));
    write(1500);
    f.clock.step_wall(std::chrono::hours(24 * 90));
    write(1200);
    f.clock.step_wall(-std::chrono::hours(24 * 90));
    write(1800);
    const auto last = times.back();
    for (const WallTime from : {begun, begun + std::chrono::minutes(40), times[4000], times[6000],
                                times[7100], last - std::chrono::minutes(5)}) {
        for (const WallTime to : {from + std::chrono::hours(1), last, WallTime::max()}) {
            const auto expected = static_cast<std::size_t>(std::ranges::count_if(
                times, [&](WallTime time) { return time >= from && time < to; }));
            for (const auto order :
                 {audit::Query::Order::oldest_first, audit::Query::Order::newest_first}) {
                const auto found =
                    f.search({.from = from, .to = to, .limit = 100'000, .order = order});
                CHECK(found.size() == expected);
            }
        }
    }
}

TEST_CASE("[J10] a run of the program with a wrong clock hides nothing, however short it was") {
    Fixture f;
    f.write(2500);
    const WallTime later = f.clock.now() + std::chrono::hours(24 * 365);
    f.clock.step_wall(std::chrono::hours(24 * 366));
    {
        audit::Trail other(*f.store, f.clock, f.trail.log());
        store::Change change;
        other.append(change, other.entry(Type::start, "program", {}));
        CHECK(net::run(f.store->commit(std::move(change))).has_value());
    }
    f.clock.step_wall(-std::chrono::hours(24 * 366));
    audit::Trail after(*f.store, f.clock, f.trail.log());
    for (int i = 0; i < 2500; ++i) {
        store::Change change;
        after.append(change, after.entry(Type::heartbeat, "program", {}));
        CHECK(net::run(f.store->commit(std::move(change))).has_value());
    }
    REQUIRE(f.search({.from = later}).size() == 1);
    CHECK(f.search({.from = later}).front().number == 2501);
}

TEST_CASE("[W10] a flood of like refusals folds into one entry with a count") {
    ManualClock clock{WallTime{}};
    audit::Fold fold;
    const auto entry = [](int port, const char* reply) {
        return audit::Entry{
            .type = Type::reject,
            .fields = {{"client", "192.0.2.1:" + std::to_string(port)}, {"reply", reply}}};
    };
    CHECK(fold.add(entry(1, "550 5.1.1 [RCP-UNK] a")).has_value());
    for (int i = 2; i < 1000; ++i)
        CHECK_FALSE(fold.add(entry(i, "550 5.1.1 [RCP-UNK] b")).has_value());
    CHECK(fold.add(entry(1, "550 5.7.1 [RLY-OPN] a")).has_value());
    auto folded = fold.take();
    REQUIRE(folded.size() == 1);
    CHECK(*folded.front().fields.at("count").number() == 998);
    CHECK(fold.take().empty());
    CHECK(fold.take().empty());
    CHECK(fold.add(entry(1, "550 5.1.1 [RCP-UNK] a")).has_value());
}

TEST_CASE("what is noted arrives in the log without anybody waiting for it") {
    Fixture f;
    for (int i = 0; i < 10; ++i)
        f.trail.note(f.trail.entry(Type::session_open, "smtp", {{"session", std::to_string(i)}}));
    f.write(1);  // carries them along
    CHECK(f.search({}).size() == 11);
    CHECK(f.verify().kind == Verdict::Kind::sound);
}
