// Checks, operations, numbers, holes, tokens, hints.
#include <doctest/doctest.h>

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "system/store/conformance/fixture.h"
#include "system/store/limits.h"

using namespace pidge;
using namespace pidge::store;
using namespace pidge::store::conformance;

TEST_CASE_FIXTURE(Fixture, "What was committed can be read, and is there after a restart") {
    Change change;
    change.put(Space::domain, "example.org", "one");
    change.put(Space::domain, Bytes("a\0b", 3), Bytes("\0\xff", 2));
    change.put(Space::route, "example.org", "");
    CHECK(done(change).numbers.empty());
    for (int round = 0; round < 2; ++round) {
        CHECK(get(Space::domain, "example.org") == "one");
        CHECK(get(Space::domain, Bytes("a\0b", 3)) == Bytes("\0\xff", 2));
        CHECK(get(Space::route, "example.org") == "");
        CHECK_FALSE(get(Space::domain, "example.or").has_value());
        CHECK_FALSE(get(Space::address, "example.org").has_value());
        reopen();
    }
}

TEST_CASE_FIXTURE(
    Fixture,
    "[J23] A log whose end mark was lost, set back or spoiled takes no entry, and what "
    "stands behind the mark stays") {
    const auto append = [this](const char* log) {
        Change change;
        change.put(Space::domain, log, "with it");
        change.append(log, "after");
        return commit(std::move(change));
    };
    LogEnd first;
    for (int i = 1; i <= 3; ++i) {
        Change change;
        change.append("log", "entry " + std::to_string(i));
        done(std::move(change));
        if (i == 1) first = read_log_end(*get(Space::counter, log_end_key("log"))).value();
    }
    const Bytes good = *get(Space::counter, log_end_key("log"));
    const auto entries = scan(Space::audit);
    REQUIRE(entries.size() == 3);
    for (const Bytes& bad : {Bytes(), log_end_record(first), Bytes("spoiled")}) {
        Change spoil;
        if (bad.empty())
            spoil.erase(Space::counter, log_end_key("log"));
        else
            spoil.put(Space::counter, log_end_key("log"), bad);
        done(std::move(spoil));
        reopen();
        CHECK_THROWS_AS(append("log"), Fault);
        CHECK_THROWS_AS(append("log"), Fault);
        CHECK_FALSE(get(Space::domain, "log").has_value());
        CHECK(append("other").has_value());
        const auto after = scan(Space::audit, {.to = after_log("log")});
        REQUIRE(after.size() == 3);
        for (std::size_t i = 0; i < 3; ++i) CHECK(after[i].value == entries[i].value);
    }
    Change mend;
    mend.put(Space::counter, log_end_key("log"), good);
    done(std::move(mend));
    CHECK(append("log").has_value());
    CHECK(verify_log(*store, "log") == 4);
}

TEST_CASE_FIXTURE(Fixture, "An empty change commits") {
    CHECK(commit(Change()).has_value());
}

TEST_CASE_FIXTURE(
    Fixture,
    "A body that many hold counts once; what is too large is a fault, and nothing of it is done") {
    const std::string octets(60'000, 'x');
    const Blob body = upload(octets);
    Change shared;
    for (int holder = 0; holder < 1000; ++holder) shared.hold(body);
    REQUIRE(shared.fits());
    done(shared);

    Change large;
    for (std::size_t i = 0; i <= limits::change_operations_max; ++i)
        large.erase(Space::domain, "none");
    CHECK_FALSE(large.fits());
    large.put(Space::domain, "k", "v");
    large.set_urgency(Urgency::now);
    CHECK_THROWS_AS(commit(large), Fault);
    CHECK_FALSE(get(Space::domain, "k").has_value());
    Change after;
    after.put(Space::domain, "k", "v");
    done(after);
}

TEST_CASE_FIXTURE(Fixture, "A failed check names itself, and nothing of its change is done") {
    Change first;
    first.put(Space::domain, "k", "v");
    done(first);

    Change change;
    change.check_present(Space::domain, "k");
    change.check_equals(Space::domain, "k", "v");
    change.check_absent(Space::domain, "k");
    change.put(Space::domain, "other", "x");
    change.erase(Space::domain, "k");
    change.next(Space::counter, "n");
    change.append("log", "entry");
    change.set_token("token");
    const auto outcome = commit(change);
    REQUIRE_FALSE(outcome.has_value());
    CHECK(outcome.error().check == 2);
    CHECK(get(Space::domain, "k") == "v");
    CHECK_FALSE(get(Space::domain, "other").has_value());
    CHECK_FALSE(get(Space::counter, "n").has_value());
    CHECK_FALSE(get(Space::token, "token").has_value());
    CHECK(verify_log(*store, "log") == 0);
}

TEST_CASE_FIXTURE(Fixture, "Each kind of check holds and fails as it says") {
    Change first;
    first.put(Space::domain, "k", "v");
    done(first);
    const auto failing = [this](auto add) {
        Change change;
        add(change);
        const auto outcome = commit(change);
        return outcome ? -1 : static_cast<int>(outcome.error().check);
    };
    CHECK(failing([](Change& c) { c.check_present(Space::domain, "none"); }) == 0);
    CHECK(failing([](Change& c) { c.check_absent(Space::domain, "none"); }) == -1);
    CHECK(failing([](Change& c) { c.check_equals(Space::domain, "k", "w"); }) == 0);
    CHECK(failing([](Change& c) { c.check_equals(Space::domain, "none", ""); }) == 0);
    CHECK(failing([](Change& c) { c.check_equals(Space::domain, "k", "v"); }) == -1);
    CHECK(failing([](Change& c) { c.put_new(Space::domain, "k", "w"); }) == 0);
    CHECK(failing([](Change& c) { c.put_new(Space::domain, "l", "w"); }) == -1);
    CHECK(get(Space::domain, "l") == "w");
}

TEST_CASE_FIXTURE(Fixture,
                  "Checks see the state before the change, operations what came before them") {
    Change change;
    change.put(Space::domain, "k", "1");
    change.check_absent(Space::domain, "k");
    change.erase(Space::domain, "k");
    change.put(Space::domain, "k", "2");
    change.put(Space::domain, "l", "1");
    change.erase(Space::domain, "l");
    done(change);
    CHECK(get(Space::domain, "k") == "2");
    CHECK_FALSE(get(Space::domain, "l").has_value());
}

TEST_CASE_FIXTURE(
    Fixture, "erase_range takes the keys from its begin up to below its end, in its space alone") {
    Change change;
    for (const char* key : {"a", "b", "b\x01", "c", "d"}) change.put(Space::domain, key, "v");
    change.put(Space::principal, "b", "v");
    done(change);

    Change range;
    range.put(Space::domain, "bb", "before");
    range.erase_range(Space::domain, "b", "d");
    range.put(Space::domain, "c", "after");
    done(range);
    CHECK(keys(Space::domain) == std::vector<std::string>{"a", "c", "d"});
    CHECK(get(Space::domain, "c") == "after");
    CHECK_FALSE(get(Space::domain, "bb").has_value());
    CHECK(get(Space::principal, "b") == "v");

    Change backwards;
    backwards.erase_range(Space::domain, "d", "a");
    done(backwards);
    CHECK(keys(Space::domain).size() == 3);

    Change all;
    all.erase_range(Space::domain, "", "");
    done(all);
    CHECK(keys(Space::domain).empty());
    CHECK(get(Space::principal, "b") == "v");
    reopen();
    CHECK(keys(Space::domain).empty());
}

TEST_CASE_FIXTURE(Fixture, "Counters add, go below zero and begin at nothing") {
    Change change;
    change.add(Space::counter, "n", 5);
    change.add(Space::counter, "n", -7);
    done(change);
    CHECK(get(Space::counter, "n") == number_octets(static_cast<std::uint64_t>(-2)));
    Change again;
    again.add(Space::counter, "n", 3);
    done(again);
    CHECK(get(Space::counter, "n") == number_octets(1));
}

TEST_CASE_FIXTURE(Fixture,
                  "next hands out the numbers after the counter's value, several at once too") {
    Change change;
    const Number one = change.next(Space::counter, "uid");
    const Number five = change.next(Space::counter, "uid", 5);
    const Number more = change.next(Space::counter, "uid");
    const auto numbers = done(change).numbers;
    CHECK(numbers.at(one.index) == 1);
    CHECK(numbers.at(five.index) == 2);
    CHECK(numbers.at(more.index) == 7);
    CHECK(get(Space::counter, "uid") == number_octets(7));
    reopen();
    Change later;
    later.next(Space::counter, "uid");
    CHECK(done(later).numbers.at(0) == 8);
}

TEST_CASE_FIXTURE(Fixture, "Holes in keys and values receive their numbers") {
    Change before;
    before.next(Space::counter, "uid", 258);
    done(before);

    Change change;
    const Number uid = change.next(Space::counter, "uid");
    const Number entry = change.append("log", "e");
    const Bytes zeros(8, '\0');
    change.put(Space::message, "m" + zeros + "x", "uid " + zeros + " entry " + zeros,
               {{Hole::In::key, 1, uid}, {Hole::In::value, 4, uid}, {Hole::In::value, 19, entry}});
    change.put_new(Space::message, "n" + zeros, "", {{Hole::In::key, 1, uid}});
    done(change);
    CHECK(get(Space::message, "m" + number_octets(259) + "x") ==
          "uid " + number_octets(259) + " entry " + number_octets(1));
    CHECK(get(Space::message, "n" + number_octets(259)).has_value());
}

TEST_CASE_FIXTURE(Fixture, "A merged change keeps its own numbers and checks") {
    Change first, second;
    const Number a = first.next(Space::counter, "a", 10);
    const Number b = second.next(Space::counter, "b");
    second.put(Space::domain, "k", Bytes(8, '\0'), {{Hole::In::value, 0, b}});
    second.put_new(Space::domain, "l", "");
    second.hint("subject");
    const std::uint32_t moved = first.merge(second);
    const auto numbers = done(first).numbers;
    CHECK(numbers.at(a.index) == 1);
    CHECK(numbers.at(b.index + moved) == 1);
    CHECK(get(Space::domain, "k") == number_octets(1));
    CHECK(commit(first).error().check == 0);
}

TEST_CASE_FIXTURE(Fixture,
                  "A token that was committed before does nothing, even when checks would fail") {
    Change change;
    change.put_new(Space::domain, "k", "v");
    change.next(Space::counter, "n");
    change.set_token("once");
    const auto first = done(change);
    CHECK_FALSE(first.replayed);
    CHECK(first.numbers.size() == 1);
    reopen();
    const auto second = done(change);
    CHECK(second.replayed);
    CHECK(second.numbers.empty());
    CHECK(get(Space::counter, "n") == number_octets(1));
}

TEST_CASE_FIXTURE(Fixture,
                  "A change that cannot be carried out throws alone and leaves nothing behind") {
    Change change;
    change.put(Space::domain, "k", "v");
    change.next(Space::counter, "n");
    change.erase_range(Space::domain, "x", "z");
    change.drop(*BlobId::from_bytes(Bytes(32, 'x')));
    CHECK_THROWS_AS(commit(change), Fault);
    CHECK_FALSE(get(Space::domain, "k").has_value());
    CHECK_FALSE(get(Space::counter, "n").has_value());
    Change bad;
    bad.put(Space::counter, "odd", "not eight octets");
    done(bad);
    Change next;
    next.next(Space::counter, "odd");
    CHECK_THROWS_AS(commit(next), Fault);
    CHECK(store->health().state != Health::State::failed);
}

TEST_CASE_FIXTURE(Fixture, "Hints come after their commit, and none comes from a conflict") {
    std::mutex mutex;
    std::vector<Bytes> heard;
    store->on_hint([&](const Bytes& subject) {
        const std::lock_guard lock(mutex);
        heard.push_back(subject);
    });
    Change change;
    change.put_new(Space::domain, "k", "v");
    change.hint("one");
    change.hint("two");
    done(change);
    CHECK_FALSE(commit(change).has_value());
    Change last;
    last.hint("last");
    done(last);
    store.reset();  // nothing is sent any more
    const std::lock_guard lock(mutex);
    CHECK(heard == std::vector<Bytes>{"one", "two", "last"});
}

TEST_CASE_FIXTURE(Fixture, "A listener that was taken off is not running, and hears no more") {
    std::mutex mutex;
    std::condition_variable wake;
    int heard = 0;
    bool may_go_on = false;
    store->on_hint([&](const Bytes&) {
        std::unique_lock lock(mutex);
        ++heard;
        wake.notify_all();
        wake.wait(lock, [&] { return may_go_on; });
    });
    Change change;
    change.hint("first");
    store->commit_soon(change);
    {
        std::unique_lock lock(mutex);
        wake.wait(lock, [&] { return heard == 1; });
    }
    std::atomic<bool> is_off = false;
    std::thread other([&] {
        store->on_hint({});
        is_off = true;
    });
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    CHECK_FALSE(is_off);
    {
        const std::lock_guard lock(mutex);
        may_go_on = true;
    }
    wake.notify_all();
    other.join();
    done(change);
    const std::lock_guard lock(mutex);
    CHECK(heard == 1);
}

TEST_CASE_FIXTURE(Fixture,
                  "What nobody waits for is committed too, at the latest when the store closes") {
    Change change;
    change.put(Space::domain, "k", "v");
    store->commit_soon(change);
    reopen();
    CHECK(get(Space::domain, "k") == "v");

    // Alone it goes after a short while.
    Change later;
    later.put(Space::domain, "l", "v");
    later.set_urgency(Urgency::soon);
    done(later);
    CHECK(get(Space::domain, "l") == "v");
}

TEST_CASE_FIXTURE(
    Fixture, "A log's numbers have no gaps and its chain verifies, over restarts and conflicts") {
    for (int i = 0; i < 50; ++i) {
        Change change;
        change.put_new(Space::domain, std::to_string(i / 2), "v");
        const Number number = change.append("log", "entry " + std::to_string(i));
        change.append("other", Bytes(1000, 'o'));
        const auto outcome = commit(change);
        CHECK(outcome.has_value() == (i % 2 == 0));
        if (outcome) CHECK(outcome->numbers.at(number.index) == static_cast<unsigned>(i / 2 + 1));
        if (i % 10 == 9) reopen();
    }
    CHECK(verify_log(*store, "log") == 25);
    CHECK(verify_log(*store, "other") == 25);
}
