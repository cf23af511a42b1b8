// Many at once: threads that commit, lease and read.
#include <doctest/doctest.h>

#include <atomic>
#include <mutex>
#include <set>
#include <thread>

#include "system/store/conformance/fixture.h"
#include "system/store/limits.h"

using namespace pidge;
using namespace pidge::store;
using namespace pidge::store::conformance;

namespace {

net::Task<void> session(Store& store, int name, int count, std::vector<std::uint64_t>& uids,
                        std::atomic<int>& conflicts) {
    for (int i = 0; i < count; ++i) {
        Change change;
        const Number uid = change.next(Space::counter, "uid");
        change.append("log", Bytes(200, 'e'));
        // Each name is tried twice: the second one drops out of its group alone.
        change.put_new(Space::queue, std::to_string(name) + "/" + std::to_string(i / 2), "v");
        const auto outcome = co_await store.commit(std::move(change));
        if (outcome)
            uids.push_back(outcome->numbers.at(uid.index));
        else
            ++conflicts;
    }
}

net::Task<void> deliver(Store& store, std::mutex& mutex, std::multiset<std::string>& delivered,
                        std::atomic<int>& left) {
    const DueGroup group = group_of("a");
    while (left.load() > 0) {
        const auto leases =
            co_await store.lease(group, start_of_tests(), 7, std::chrono::seconds(60));
        for (const Lease& lease : leases) {
            if (lease.item.back() == '3' && lease.fence % 2 == 0) {
                co_await store.release({lease});
                continue;
            }
            Change change;
            change.finish(lease);
            change.append("log", lease.item);
            const auto outcome = co_await store.commit(std::move(change));
            CHECK(outcome.has_value());
            --left;
            const std::lock_guard lock(mutex);
            delivered.insert(lease.item);
        }
    }
}

}  // namespace

TEST_CASE_FIXTURE(
    Fixture, "Many threads commit: numbers without gaps, a chain that verifies, conflicts alone") {
    constexpr int threads = 4, sessions = 10, count = 40;
    std::vector<std::vector<std::uint64_t>> uids(threads * sessions);
    std::atomic<int> conflicts = 0;
    std::vector<std::thread> running;
    for (int t = 0; t < threads; ++t)
        running.emplace_back([&, t] {
            std::vector<net::Task<void>> tasks;
            for (int s = t * sessions; s < (t + 1) * sessions; ++s)
                tasks.push_back(session(*store, s, count, uids[s], conflicts));
            net::run_blocking(std::move(tasks));
        });
    for (auto& thread : running) thread.join();
    constexpr int good = threads * sessions * count / 2;
    CHECK(conflicts == good);
    std::set<std::uint64_t> all;
    for (const auto& some : uids) all.insert(some.begin(), some.end());
    CHECK(all.size() == good);
    CHECK(*all.rbegin() == good);
    CHECK(verify_log(*store, "log") == good);
    reopen();
    CHECK(verify_log(*store, "log") == good);
}

TEST_CASE_FIXTURE(Fixture, "Many deliverers take each due item exactly once") {
    constexpr int count = 600;
    Change change;
    for (int i = 0; i < count; ++i)
        change.schedule(group_of("a"), start_of_tests(), std::to_string(i));
    done(change);
    std::mutex mutex;
    std::multiset<std::string> delivered;
    std::atomic<int> left = count;
    std::vector<std::thread> running;
    for (int t = 0; t < 4; ++t)
        running.emplace_back([&] {
            std::vector<net::Task<void>> tasks;
            for (int i = 0; i < 4; ++i) tasks.push_back(deliver(*store, mutex, delivered, left));
            net::run_blocking(std::move(tasks));
        });
    for (auto& thread : running) thread.join();
    CHECK(delivered.size() == count);
    CHECK(std::set(delivered.begin(), delivered.end()).size() == count);
    CHECK(scan(Space::due).empty());
    CHECK(verify_log(*store, "log") == count);
}

TEST_CASE_FIXTURE(Fixture,
                  "Beyond the bound of waiting changes the store is too busy, and recovers") {
    // Each change is slow to evaluate, so that they pile up behind the first.
    std::atomic<int> busy = 0, good = 0;
    struct Run {
        static net::Task<void> one(Store& store, std::atomic<int>& busy, std::atomic<int>& good) {
            Change change;
            change.append("log", Bytes(20'000, 'x'));
            try {
                const auto outcome = co_await store.commit(std::move(change));
                if (outcome) ++good;
            } catch (const Fault& fault) {
                CHECK(fault.why == Fault::Why::unavailable);
                ++busy;
            }
        }
    };
    constexpr int count = 12'000;
    std::vector<net::Task<void>> tasks;
    for (int i = 0; i < count; ++i) tasks.push_back(Run::one(*store, busy, good));
    net::run_blocking(std::move(tasks));
    CHECK(busy + good == count);
    CHECK(verify_log(*store, "log") == static_cast<std::uint64_t>(good.load()));
    MESSAGE(busy.load(), " of ", count, " were refused");
    done(Change());
    Change after;
    after.put(Space::domain, "k", "v");
    done(after);
}
