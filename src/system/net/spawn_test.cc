#include "system/net/spawn.h"

#include <doctest/doctest.h>

#include <string>

#include "base/log.h"
#include "system/net/completion.h"
#include "system/net/event.h"
#include "system/net/gone.h"
#include "system/net/memory_stream.h"
#include "system/net/runtime.h"
#include "system/net/timer.h"

using namespace pidge;
using namespace pidge::net;
using namespace std::chrono_literals;

namespace {

Task<int> number_after(std::chrono::milliseconds time, int number) {
    co_await sleep_for(time);
    co_return number;
}

Task<int> throwing() {
    co_await sleep_for(1ms);
    throw std::runtime_error("on purpose");
}

Task<void> failing_at_first(int* begun) {
    if (++*begun < 3) throw std::bad_alloc();
    co_await sleep_for(1ms);
}

Gone::Why why_of(auto&& call) {
    try {
        call();
    } catch (const Gone& gone) {
        return gone.why;
    }
    FAIL("not Gone");
    return {};
}

// Refuses to end at first: each wait must throw again.
Task<int> stubborn(int* waits) {
    for (int i = 0; i < 5; ++i) {
        try {
            co_await sleep_for(1h);
        } catch (const Gone&) {
            ++*waits;
        }
    }
    co_return 7;
}

Task<std::string> elapsed() {
    const auto start = this_loop().now();
    co_await sleep_for(1h);
    co_await sleep_for(30min);
    const auto passed = this_loop().now() - start;
    co_return std::to_string(std::chrono::duration_cast<std::chrono::minutes>(passed).count());
}

Task<void> append_after(std::chrono::milliseconds time, std::string text, std::string* to) {
    co_await sleep_for(time);
    *to += text;
}

Task<std::string> ordered() {
    std::string out;
    spawn("c", append_after(30ms, "c", &out));
    spawn("a", append_after(10ms, "a", &out));
    spawn("b", append_after(20ms, "b", &out));
    co_await sleep_for(1s);
    co_return out;
}

Task<void> note_wait(Event* event, std::chrono::milliseconds time, std::string* to) {
    *to += co_await event->wait_for(time) ? "came " : "late ";
}

Task<std::string> bounded_waits() {
    std::string out;
    Event event;
    Flag flag;
    spawn("short", note_wait(&event, 10ms, &out));
    spawn("long", note_wait(&event, 1h, &out));
    co_await sleep_for(20ms);
    event.notify_one();
    co_await sleep_for(1ms);
    out += co_await flag.wait_for(1s) ? "set " : "unset ";
    flag.set();
    out += co_await flag.wait_for(1h) ? "set " : "unset ";
    // Notified at the moment at which time is up: that is not lost.
    Timer just_before(this_loop(), [&event] { event.notify_one(); });
    just_before.set(10ms);
    spawn("both", note_wait(&event, 10ms, &out));
    co_await sleep_for(20ms);
    co_return out;
}

Task<void> nested_deadlines(int* inner) {
    try {
        *inner = co_await with_deadline(with_deadline(number_after(1h, 1), 10min), 1min);
    } catch (const Gone& gone) {
        *inner = gone.why == Gone::Why::deadline ? -1 : -2;
    }
}

}  // namespace

TEST_CASE("A task is run to its end, with its value or its exception") {
    CHECK(run(number_after(1ms, 5)) == 5);
    CHECK_THROWS_AS(run(throwing()), std::runtime_error);
    CHECK(run(with_deadline(number_after(1ms, 6), 10s)) == 6);
    CHECK_THROWS_AS(run(with_deadline(throwing(), 10s)), std::runtime_error);
}

TEST_CASE("Simulated time jumps from timer to timer, in order") {
    CHECK(run(elapsed(), TimeSource::simulated) == "90");
    CHECK(run(ordered(), TimeSource::simulated) == "abc");
}

TEST_CASE("A deadline ends the task's wait, and all further ones") {
    CHECK(why_of([] { run(with_deadline(number_after(1h, 1), 1min), TimeSource::simulated); }) ==
          Gone::Why::deadline);
    int waits = 0;
    CHECK(run(with_deadline(stubborn(&waits), 1min), TimeSource::simulated) == 7);
    CHECK(waits == 5);
    int inner = 0;
    run(nested_deadlines(&inner), TimeSource::simulated);
    CHECK(inner == -1);
}

namespace {

Task<std::string> after_deadline() {
    // The same coroutine goes on undisturbed after a task of its own ran out of time.
    try {
        co_await with_deadline(sleep_for(1h), 1min);
    } catch (const Gone&) {
    }
    co_await sleep_for(1min);
    co_return "went on";
}

Task<void> wait_for(Event* event, std::string name, std::string* woken) {
    co_await event->wait();
    *woken += name;
}

Task<void> give_up_on(Event* event) {
    try {
        co_await with_deadline(event->wait(), 1s);
    } catch (const Gone&) {
    }
}

Task<std::string> events() {
    Event event;
    std::string woken;
    spawn("impatient", give_up_on(&event));
    for (const char* const name : {"a", "b", "c", "d"})
        spawn("waiter", wait_for(&event, name, &woken));
    co_await sleep_for(10s);
    event.notify_one();  // a, as the impatient one has left
    co_await sleep_for(1ms);
    woken += ".";
    event.notify_one();
    event.notify_one();
    co_await sleep_for(1ms);
    woken += ".";
    event.notify_all();
    co_await sleep_for(1ms);
    Flag flag;
    flag.set();
    co_await flag.wait();
    co_return woken;
}

Task<void> forever(std::string* trace) {
    struct Unwound {
        std::string* trace;
        ~Unwound() { *trace += " unwound"; }
    } const unwound{trace};
    try {
        co_await sleep_for(24h);
    } catch (const Gone& gone) {
        *trace += gone.why == Gone::Why::shutdown ? "shutdown" : "other";
        throw;
    }
}

Task<void> spawn_and_leave(std::string* trace) {
    spawn("forever", forever(trace));
    co_await sleep_for(1ms);
}

Task<void> fail_with(std::string text) {
    co_await sleep_for(1ms);
    throw std::runtime_error(text);
}

Task<void> gone_away() {
    co_await sleep_for(1ms);
    throw Gone(Gone::Why::closed, "as usual");
}

Task<void> spawn_failing() {
    spawn("session 7", fail_with("bad luck"));
    spawn("session 8", gone_away());
    co_await sleep_for(10ms);
}

Task<void> count_on_loop(std::atomic<int>* count, Loop* expected) {
    if (&this_loop() == expected) ++*count;
    co_await sleep_for(1ms);
    if (&this_loop() == expected) ++*count;
}

Task<void> wait_and_count(std::shared_ptr<Completion<int>> completion, std::atomic<int>* sum) {
    const int value = co_await completion->wait();
    *sum += value;
}

}  // namespace

TEST_CASE("A coroutine outlives the deadline of a task that it awaited") {
    CHECK(run(after_deadline(), TimeSource::simulated) == "went on");
}

TEST_CASE("An event wakes one or all of those that still wait, in their order") {
    CHECK(run(events(), TimeSource::simulated) == "a.bc.d");
}

TEST_CASE("A bounded wait for an event tells whether it came, without an exception") {
    CHECK(run(bounded_waits(), TimeSource::simulated) == "late came unset set came ");
}

TEST_CASE("What a task has spawned is interrupted and unwound when it ends") {
    std::string trace;
    run(spawn_and_leave(&trace));
    CHECK(trace == "shutdown unwound");
}

TEST_CASE("What escapes a spawned coroutine is logged with its name; Gone is not") {
    std::string lines;
    log::configure({.sink = [&](std::string_view line) { lines += line; }});
    run(spawn_failing());
    log::configure({});
    CHECK(lines.find("session 7") != std::string::npos);
    CHECK(lines.find("bad luck") != std::string::npos);
    CHECK(lines.find("session 8") == std::string::npos);
}

TEST_CASE(
    "Coroutines run on the loop that they were spawned on, and a runtime ends when they have") {
    Runtime runtime(3);
    std::atomic<int> count = 0;
    for (int i = 0; i < 300; ++i) {
        Loop& loop = runtime.next_loop();
        spawn(loop, "count", count_on_loop(&count, &loop));
    }
    CHECK(runtime.stop(10s) == 0);
    CHECK(count == 600);
    CHECK(runtime.live() == 0);
    CHECK(runtime.stop(10s) == 0);
}

TEST_CASE("A runtime interrupts what would not end") {
    std::string trace;
    Runtime runtime(1);
    spawn(runtime.loop(0), "forever", forever(&trace));
    CHECK(runtime.stop(5ms) == 1);
    CHECK(runtime.live() == 0);
    CHECK((trace == "shutdown unwound" || trace == " unwound"));
}

TEST_CASE("What a runtime could not interrupt never goes on once it was stopped") {
    const auto stalled = std::make_shared<Completion<int>>();
    std::atomic<int> sum = 0;
    auto runtime = std::make_unique<Runtime>(1);
    spawn(runtime->loop(0), "waiter", wait_and_count(stalled, &sum));
    CHECK(runtime->stop(5ms, 5ms) == 1);
    // The disk moves again, or whatever it was, while everything is being taken down.
    stalled->complete(1);
    runtime.reset();
    CHECK(sum == 0);
}

TEST_CASE("Completions reach coroutines of several loops from another thread") {
    std::atomic<int> sum = 0;
    Runtime runtime(2);
    std::vector<std::shared_ptr<Completion<int>>> all;
    for (int i = 0; i < 1000; ++i) {
        all.push_back(std::make_shared<Completion<int>>());
        spawn(runtime.next_loop(), "waiter", wait_and_count(all.back(), &sum));
    }
    std::thread other([&all] {
        for (std::size_t i = 0; i < all.size();) {
            Wakes wakes;
            for (int n = 0; n < 64 && i < all.size(); ++n) all[i++]->complete(1, wakes);
        }
    });
    other.join();
    CHECK(runtime.stop(10s) == 0);
    CHECK(sum == 1000);
}

TEST_CASE("[C11] a lasting job begins anew after an error, until it ends by itself") {
    int begun = 0;
    const auto wait = [](int* count) -> Task<void> {
        spawn_lasting(this_loop(), "on purpose", [count] { return failing_at_first(count); });
        co_await sleep_for(1h);
    };
    run(wait(&begun), TimeSource::simulated);
    CHECK(begun == 3);
}
