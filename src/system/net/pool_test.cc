#include "system/net/pool.h"

#include <doctest/doctest.h>

#include <latch>

#include "system/net/gone.h"
#include "system/net/runtime.h"
#include "system/net/spawn.h"

using namespace pidge;
using namespace pidge::net;
using namespace std::chrono_literals;

namespace {

Task<int> square(Pool* pool, int number) {
    // The work may refer to locals: the coroutine does not go on before it is done.
    int result = 0;
    co_await pool->run([&result, number] { result = number * number; });
    const int again = co_await pool->run([&result] { return result; });
    co_return again;
}

Task<void> add_squares(Pool* pool, int number, std::atomic<int>* sum) {
    const int value = co_await square(pool, number);
    *sum += value;
}

Task<void> throwing(Pool* pool) {
    co_await pool->run([] { throw std::runtime_error("in the pool"); });
}

Task<void> hold(Pool* pool, std::latch* started, std::latch* release) {
    co_await pool->run([started, release] {
        started->count_down();
        release->wait();
    });
}

Task<void> note_end(Pool* pool, std::atomic<int>* full, std::atomic<int>* done) {
    try {
        co_await pool->run([] {});
        ++*done;
    } catch (const Gone& gone) {
        if (gone.why == Gone::Why::full) ++*full;
    }
}

}  // namespace

TEST_CASE("Work in a pool gives back its value or its exception") {
    Pool pool({.name = "test"});
    CHECK(run(square(&pool, 12)) == 144);
    CHECK_THROWS_WITH(run(throwing(&pool)), "in the pool");
    std::atomic<int> sum = 0;
    Runtime runtime(2);
    for (int i = 0; i < 100; ++i) spawn(runtime.next_loop(), "square", add_squares(&pool, 2, &sum));
    CHECK(runtime.stop(10s) == 0);
    CHECK(sum == 400);
}

TEST_CASE("A full queue says so at once, and what was accepted is done") {
    std::latch started(1), release(1);
    std::atomic<int> full = 0, done = 0;
    Pool pool({.name = "test", .threads = 1, .queue_max = 3});
    Runtime runtime(1);
    spawn(runtime.loop(0), "hold", hold(&pool, &started, &release));
    started.wait();
    for (int i = 0; i < 10; ++i) spawn(runtime.loop(0), "note", note_end(&pool, &full, &done));
    while (full < 7) std::this_thread::yield();
    CHECK(pool.queued() == 3);
    release.count_down();
    CHECK(runtime.stop(10s) == 0);
    CHECK(full == 7);
    CHECK(done == 3);
}

TEST_CASE("Shutdown does not take the ground from under running work") {
    std::latch started(1), release(1);
    Pool pool({.name = "test", .threads = 1});
    Runtime runtime(1);
    spawn(runtime.loop(0), "hold", hold(&pool, &started, &release));
    started.wait();
    std::thread later([&release] {
        // By then stop has given up, however busy the machine.
        std::this_thread::sleep_for(500ms);
        release.count_down();
    });
    CHECK(runtime.stop(1ms) == 1);
    CHECK(runtime.live() == 0);
    later.join();
}
