#include <doctest/doctest.h>

#include <map>
#include <random>

#include "services/relay/destinations.h"

using namespace pidge;
using namespace pidge::relay;
using namespace std::chrono_literals;

namespace {

store::DueGroup group(std::uint32_t number) {
    store::DueGroup made;
    for (int i = 0; i < 4; ++i)
        made.octets[static_cast<std::size_t>(i)] = static_cast<std::uint8_t>(number >> (8 * i));
    return made;
}

struct Table {
    explicit Table(DestinationOptions options = {}) : table(options) {}
    Destinations table;
    Now now{WallTime(1'700'000'000s), SteadyTime(1000s)};

    void advance(std::chrono::microseconds by) {
        now.wall += by;
        now.steady += by;
    }
    // A worker begins and leases `count` of what may be more.
    void lease(store::DueGroup g, int count, Destinations::Left left) {
        table.settle_in(g);
        REQUIRE(table.begin_lease(g, now));
        std::vector<Job> jobs(static_cast<std::size_t>(count));
        for (Job& job : jobs) job.lease.group = g;
        table.leased(g, std::move(jobs), left, now);
    }
};

}  // namespace

TEST_CASE("a destination is served when something there is due, not before") {
    Table t;
    t.table.wake(group(1), t.now.wall + 10s, t.now);
    CHECK_FALSE(t.table.start(t.now));
    CHECK(t.table.until_next(t.now) == 1s);
    t.advance(9500ms);
    CHECK(t.table.until_next(t.now) == 500ms);
    t.advance(500ms);
    CHECK(t.table.start(t.now) == group(1));
    CHECK_FALSE(t.table.start(t.now));
}

TEST_CASE("one worker looks; more follow when there is more") {
    Table t({.workers_first = 3});
    t.table.wake(group(1), t.now.wall, t.now);
    REQUIRE(t.table.start(t.now));
    CHECK_FALSE(t.table.start(t.now));
    t.lease(group(1), 5, Destinations::Left::perhaps);
    CHECK(t.table.start(t.now) == group(1));
    CHECK(t.table.start(t.now) == group(1));
    CHECK_FALSE(t.table.start(t.now));  // the window
}

TEST_CASE("[C8] no window is larger than what one site is asked to bear, not even the first") {
    Table t({.workers_per_destination_max = 1});
    t.table.wake(group(1), t.now.wall, t.now);
    REQUIRE(t.table.start(t.now));
    t.lease(group(1), 5, Destinations::Left::perhaps);
    CHECK_FALSE(t.table.start(t.now));
}

TEST_CASE("what is accepted is served from memory while nothing older waits in the store") {
    Table t({.workers_first = 1});
    const auto job = [&](std::chrono::microseconds from_now) {
        Job made;
        made.lease = {.group = group(1), .due = t.now.wall + from_now};
        made.is_offered = true;
        return made;
    };
    t.table.offer(group(1), job(0s), t.now);
    REQUIRE(t.table.start(t.now) == group(1));
    t.table.settle_in(group(1));
    CHECK(t.table.take(group(1)));
    CHECK_FALSE(t.table.take(group(1)));
    CHECK_FALSE(t.table.begin_lease(group(1), t.now));

    // Something that waits in the store comes first, and what is due later waits there.
    t.table.offer(group(1), job(1s), t.now);
    CHECK_FALSE(t.table.take(group(1)));
    t.table.wake(group(1), t.now.wall, t.now);
    t.table.offer(group(1), job(0s), t.now);
    CHECK_FALSE(t.table.take(group(1)));
    REQUIRE(t.table.begin_lease(group(1), t.now));
    t.table.leased(group(1), {}, Destinations::Left::nothing, t.now);

    // No more than so many, and none while it pauses.
    const auto most = limits::offered_per_destination_max;
    for (std::size_t i = 0; i <= most; ++i) t.table.offer(group(1), job(0s), t.now);
    CHECK(t.table.counts().leased == most);
    CHECK(t.table.begin_lease(group(1), t.now));
    t.table.leased(group(1), {}, Destinations::Left::nothing, t.now);
    CHECK(t.table.unreachable(group(1), t.now) == Destinations::Reach::dead);
    CHECK(t.table.end(group(1), t.now).size() == most);
    t.table.offer(group(1), job(0s), t.now);
    CHECK(t.table.counts().leased == 0);
}

TEST_CASE("the window grows to the bound with success and shrinks with strain") {
    Table t;
    t.table.wake(group(1), t.now.wall, t.now);
    REQUIRE(t.table.start(t.now));
    t.lease(group(1), 1000, Destinations::Left::perhaps);
    for (int i = 0; i < 500; ++i) t.table.reached(group(1), t.now);
    int workers = 1;
    while (t.table.start(t.now)) ++workers;
    CHECK(workers == 20);
    t.table.strained(group(1), t.now);
    for (int i = 0; i < 10; ++i) {
        t.table.settle_in(group(1));
        CHECK(t.table.end(group(1), t.now).empty());
    }
    CHECK_FALSE(t.table.start(t.now));  // ten are left, and ten is the window
}

TEST_CASE("a destination out of reach pauses for longer and longer, and one success ends it") {
    Table t;
    t.table.wake(group(1), t.now.wall, t.now);
    std::vector<std::chrono::seconds> pauses;
    for (int i = 0; i < 7; ++i) {
        REQUIRE(t.table.start(t.now));
        t.table.settle_in(group(1));
        CHECK(t.table.unreachable(group(1), t.now) == Destinations::Reach::dead);
        t.table.end(group(1), t.now);
        std::chrono::seconds pause = 0s;
        while (!t.table.start(t.now)) {
            t.advance(1s);
            ++pause;
            REQUIRE(pause < 1h);
        }
        t.table.settle_in(group(1));
        pauses.push_back(pause);
        t.table.end(group(1), t.now);
    }
    CHECK(pauses == std::vector<std::chrono::seconds>{30s, 60s, 120s, 240s, 480s, 600s, 600s});
    REQUIRE(t.table.start(t.now));
    t.lease(group(1), 9, Destinations::Left::perhaps);
    CHECK_FALSE(t.table.start(t.now));  // one worker tries
    t.table.reached(group(1), t.now);
    CHECK(t.table.start(t.now));
}

TEST_CASE("that one more connection is refused while others work means strain, not death") {
    Table t;
    t.table.wake(group(1), t.now.wall, t.now);
    REQUIRE(t.table.start(t.now));
    t.lease(group(1), 9, Destinations::Left::perhaps);
    t.table.opened(group(1));
    CHECK(t.table.unreachable(group(1), t.now) == Destinations::Reach::busy);
    t.table.closed(group(1));
    CHECK(t.table.unreachable(group(1), t.now) == Destinations::Reach::dead);
}

TEST_CASE("[C8] half of the places are for destinations that have none") {
    Table t({.workers_max = 40, .workers_first = 20});
    for (std::uint32_t i = 0; i < 4; ++i) t.table.wake(group(i), t.now.wall, t.now);
    while (const auto g = t.table.start(t.now)) t.lease(*g, 100, Destinations::Left::perhaps);
    CHECK(t.table.counts().running <= 24);
    for (std::uint32_t i = 100; i < 116; ++i) {
        t.table.wake(group(i), t.now.wall, t.now);
        CHECK(t.table.start(t.now) == group(i));
    }
}

TEST_CASE("destinations that wait for a place get one in turn") {
    Table t({.workers_max = 2, .turn_messages = 3});
    for (std::uint32_t i = 0; i < 5; ++i) t.table.wake(group(i), t.now.wall, t.now);
    std::map<store::DueGroup, int> turns;
    std::vector<store::DueGroup> working;
    for (int round = 0; round < 50; ++round) {
        while (const auto g = t.table.start(t.now)) {
            t.lease(*g, 1, Destinations::Left::perhaps);
            working.push_back(*g);
        }
        CHECK(working.size() == 2);
        CHECK_FALSE(t.table.should_yield(working[0], 2));
        CHECK(t.table.should_yield(working[0], 3));
        ++turns[working[0]];
        t.table.end(working[0], t.now);
        working.erase(working.begin());
    }
    CHECK(turns.size() == 5);
    for (const auto& [g, count] : turns) CHECK(count == 10);
}

TEST_CASE("100,000 destinations are known in no time and leave nothing behind") {
    Table t({.workers_max = 1000});
    std::mt19937 random(3);
    for (std::uint32_t i = 0; i < 100'000; ++i)
        t.table.wake(group(i), t.now.wall + std::chrono::seconds(random() % 1000), t.now);
    CHECK(t.table.counts().destinations == 100'000);
    std::size_t served = 0;
    for (int second = 0; second <= 1000; ++second, t.advance(1s)) {
        while (const auto g = t.table.start(t.now)) {
            t.lease(*g, 1, Destinations::Left::nothing);
            CHECK(t.table.take(*g));
            t.table.end(*g, t.now);
            ++served;
        }
        for (const auto& g : t.table.take_stale(1000)) t.table.refreshed(g, std::nullopt, t.now);
    }
    CHECK(served == 100'000);
    CHECK(t.table.counts().destinations == 0);
}

TEST_CASE("a destination that was forgotten while the store was asked about it is not lost") {
    Table t;
    t.table.wake(group(1), t.now.wall, t.now);
    REQUIRE(t.table.start(t.now));
    t.lease(group(1), 1, Destinations::Left::nothing);
    REQUIRE(t.table.take(group(1)));
    REQUIRE(t.table.take_stale(10).size() == 1);
    t.table.end(group(1), t.now);
    CHECK_FALSE(t.table.start(t.now));
    CHECK(t.table.counts().destinations == 0);
    t.table.refreshed(group(1), t.now.wall + 4min, t.now);
    CHECK_FALSE(t.table.start(t.now));
    t.advance(4min);
    CHECK(t.table.start(t.now) == group(1));
}

TEST_CASE("what lies far ahead is looked at once, in whatever order it came") {
    Table t;
    t.table.wake(group(1), t.now.wall + 72h, t.now);
    REQUIRE(t.table.start(t.now));
    t.lease(group(1), 0, Destinations::Left::nothing);
    t.table.not_due(group(1), t.now.wall + 72h, t.now);
    CHECK_FALSE(t.table.begin_lease(group(1), t.now));
    t.table.wake(group(1), t.now.wall + 48h, t.now);
    REQUIRE(t.table.begin_lease(group(1), t.now));
    t.table.leased(group(1), {}, Destinations::Left::nothing, t.now);
    t.table.not_due(group(1), t.now.wall + 48h, t.now);
    t.table.not_due(group(1), t.now.wall + 72h, t.now);
    CHECK_FALSE(t.table.begin_lease(group(1), t.now));
}

TEST_CASE("random comings and goings lose no destination and pass no bound") {
    std::mt19937 random(11);
    for (int round = 0; round < 30; ++round) {
        Table t({.workers_max = 7, .workers_per_destination_max = 3});
        std::vector<store::DueGroup> working;
        std::map<store::DueGroup, int> open;  // entries that are not done, by group
        for (int step = 0; step < 3000; ++step) {
            t.advance(std::chrono::milliseconds(random() % 500));
            const auto g = group(random() % 10);
            if (random() % 3 == 0) {
                ++open[g];
                t.table.wake(g, t.now.wall + std::chrono::milliseconds(random() % 2000), t.now);
            }
            while (const auto started = t.table.start(t.now)) {
                t.table.settle_in(*started);
                working.push_back(*started);
            }
            CHECK(working.size() <= 7);
            if (working.empty()) continue;
            const std::size_t chosen = random() % working.size();
            const auto w = working[chosen];
            if (t.table.begin_lease(w, t.now)) {
                std::vector<Job> jobs(static_cast<std::size_t>(std::min(open[w], 3)));
                open[w] -= static_cast<int>(jobs.size());
                t.table.leased(
                    w, std::move(jobs),
                    open[w] > 0 ? Destinations::Left::perhaps : Destinations::Left::nothing, t.now);
            }
            if (!t.table.take(w) || random() % 4 == 0) {
                open[w] += static_cast<int>(t.table.end(w, t.now).size());
                working.erase(working.begin() + static_cast<std::ptrdiff_t>(chosen));
            }
            for (const auto& s : t.table.take_stale(5))
                t.table.refreshed(s, open[s] > 0 ? std::optional(t.now.wall) : std::nullopt, t.now);
        }
        // All that is left is served once nothing new comes.
        for (int step = 0; step < 500; ++step) {
            t.advance(1s);
            while (const auto started = t.table.start(t.now)) {
                t.table.settle_in(*started);
                working.push_back(*started);
            }
            for (const auto w : std::exchange(working, {})) {
                while (t.table.take(w)) {
                }
                if (t.table.begin_lease(w, t.now)) {
                    open[w] = 0;
                    t.table.leased(w, {}, Destinations::Left::nothing, t.now);
                }
                t.table.end(w, t.now);
            }
            for (const auto& s : t.table.take_stale(50))
                t.table.refreshed(s, open[s] > 0 ? std::optional(t.now.wall) : std::nullopt, t.now);
        }
        for (const auto& [g, count] : open) CHECK(count == 0);
        CHECK(t.table.counts().destinations == 0);
    }
}
