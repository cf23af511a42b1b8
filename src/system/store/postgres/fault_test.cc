// What goes wrong around a commit: connections that break before and after it, servers that are
// killed, restarted or frozen. Nothing acknowledged is lost, nothing happens twice, and what waits
// goes on by itself.
#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <functional>
#include <thread>

#include "base/text.h"
#include "system/store/conformance/fixture.h"
#include "system/store/hurry.h"
#include "system/store/octets.h"
#include "system/store/postgres/testing/test_database.h"

using namespace pidge;
using namespace pidge::store;
using namespace pidge::store::postgres;
using std::chrono::milliseconds;
using std::chrono::seconds;

namespace {

Change accepting(const std::string& name) {
    Change change;
    change.put_new(Space::queue, name, "v");
    change.next(Space::counter, "uid");
    change.append("log", name);
    change.add(Space::counter, "messages", 1);
    return change;
}

// Commits without pause, each name once; what was acknowledged.
class Load {
 public:
    explicit Load(Store& store) : thread_([this, &store] { run(store); }) {}
    ~Load() { stop(); }
    void stop() {
        is_stopping_ = true;
        if (thread_.joinable()) thread_.join();
    }
    void wait_for(std::size_t more) const {
        const std::size_t wanted = acknowledged_ + more;
        for (int i = 0; i < 3000 && acknowledged_ < wanted; ++i)
            std::this_thread::sleep_for(milliseconds(10));
        CHECK(acknowledged_ >= wanted);
    }
    std::size_t acknowledged() const { return acknowledged_; }
    std::size_t unavailable() const { return unavailable_; }

 private:
    void run(Store& store) {
        for (int i = 0; !is_stopping_; ++i) {
            try {
                const auto outcome = net::run_blocking(store.commit(accepting(std::to_string(i))));
                // The name is new: a conflict could only be its own first try.
                CHECK(outcome.has_value());
                ++acknowledged_;
            } catch (const Fault& fault) {
                CHECK(fault.why == Fault::Why::unavailable);
                ++unavailable_;
            }
        }
    }
    std::atomic<bool> is_stopping_ = false;
    std::atomic<std::size_t> acknowledged_ = 0, unavailable_ = 0;
    std::thread thread_;
};

void judge(Store& store, std::size_t acknowledged) {
    ScanOptions all{.limit = 100'000};
    const auto names = net::run_blocking(store.scan(Space::queue, all));
    CHECK(names.size() == acknowledged);
    CHECK(conformance::verify_log(store, "log") == acknowledged);
    CHECK(net::run_blocking(store.get(Space::counter, "messages")) ==
          conformance::number_octets(acknowledged));
}

// No such standby will ever come: commits wait for it.
void stop_standbys(const TestServer& server) {
    server.sql("ALTER SYSTEM SET synchronous_standby_names = 'nobody'");
    server.sql("SELECT pg_reload_conf()");
    std::this_thread::sleep_for(milliseconds(300));
}

// A commit whose answer does not come, whose outcome is asked for in vain for a while: `disturb` is
// called again and again until it says that it is enough.
void commit_in_doubt(TestServer& server, const std::string& database,
                     const std::function<bool()>& disturb) {
    PostgresOptions options{.conninfo = server.conninfo(database), .deadline = milliseconds(400)};
    REQUIRE(init_postgres({.conninfo = options.conninfo}).has_value());
    const auto store = open_for_test(options, system_clock());
    net::run_blocking(store->commit(accepting("before")));
    stop_standbys(server);
    std::atomic<bool> is_good = false;
    std::thread waiting([&] {
        try {
            is_good = net::run_blocking(store->commit(accepting("doubtful"))).has_value();
        } catch (const Fault& fault) {
            MESSAGE(std::string(fault.what()));
        }
    });
    for (int i = 0; i < 400 && !disturb(); ++i) std::this_thread::sleep_for(milliseconds(25));
    server.sql("ALTER SYSTEM RESET synchronous_standby_names");
    server.sql("SELECT pg_reload_conf()");
    waiting.join();
    CHECK(is_good);
    judge(*store, 2);
}

}  // namespace

TEST_CASE("[O5] A connection cut at any step of a commit neither loses nor repeats it") {
    for (const std::string_view where : {"reading", "writing", "committing", "committed"}) {
        CAPTURE(where);
        const TestDatabase database;
        std::atomic<int> steps = 0, cuts = 0;
        PostgresOptions options;
        options.cut = [&](std::string_view step) {
            const bool is_cut = step == where && ++steps % 3 == 0;
            cuts += is_cut ? 1 : 0;
            return is_cut;
        };
        const auto store = database.open(system_clock(), options);
        std::uint64_t last = 0;
        for (int i = 0; i < 20; ++i) {
            const auto outcome = net::run_blocking(store->commit(accepting(std::to_string(i))));
            REQUIRE(outcome.has_value());
            CHECK(outcome->numbers.at(0) == ++last);
        }
        CHECK(cuts >= 6);
        judge(*store, 20);
        CHECK(store->health().state == Health::State::good);
    }
}

TEST_CASE("[O5] Backends ended by an administrator, again and again, lose and repeat nothing") {
    const TestDatabase database;
    const auto store = database.open(system_clock());
    {
        Load load(*store);
        for (int i = 0; i < 10; ++i) {
            load.wait_for(15);
            database.sql(
                "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE "
                "datname = current_database() AND pid <> pg_backend_pid()");
        }
        load.wait_for(15);
        load.stop();
        CHECK(load.unavailable() == 0);
        judge(*store, load.acknowledged());
    }
}

TEST_CASE("[O5] A server that is killed and started again makes commits wait, no more") {
    TestServer server;
    server.sql("CREATE DATABASE killed TEMPLATE template0");
    PostgresOptions options{.conninfo = server.conninfo("killed")};
    REQUIRE(init_postgres(options).has_value());
    const auto store = open_for_test(options, system_clock());
    Load load(*store);
    for (int i = 0; i < 3; ++i) {
        load.wait_for(20);
        server.stop();
        std::this_thread::sleep_for(milliseconds(200));
        server.start();
    }
    load.wait_for(20);
    load.stop();
    CHECK(load.unavailable() == 0);
    judge(*store, load.acknowledged());
}

TEST_CASE(
    "[O5] A frozen server ends a commit's deadline, not its waiting, and thaws without loss") {
    TestServer server;
    server.sql("CREATE DATABASE frozen TEMPLATE template0");
    PostgresOptions options{.conninfo = server.conninfo("frozen"), .deadline = milliseconds(400)};
    REQUIRE(init_postgres({.conninfo = options.conninfo}).has_value());
    const auto store = open_for_test(options, system_clock());
    Load load(*store);
    for (int i = 0; i < 3; ++i) {
        load.wait_for(20);
        server.freeze();
        std::this_thread::sleep_for(milliseconds(1200));
        server.thaw();
    }
    load.wait_for(20);
    load.stop();
    CHECK(load.unavailable() == 0);
    judge(*store, load.acknowledged());
}

TEST_CASE("[O1] Entries shared by three nodes are each handed out once, by whichever node") {
    // The long form: PIDGE_SHARED_ENTRIES=1000000.
    const char* const wanted = std::getenv("PIDGE_SHARED_ENTRIES");
    const std::size_t count = wanted ? text::parse_u64(wanted).value() : 100'000;
    const TestDatabase database;
    const DueGroup group = conformance::group_of("shared");
    std::vector<std::unique_ptr<Store>> nodes;
    for (int i = 0; i < 3; ++i) nodes.push_back(database.open(system_clock()));
    constexpr std::size_t step = 5000;
    for (std::size_t first = 0; first < count; first += step) {
        Change change;
        for (std::size_t i = first; i < std::min(first + step, count); ++i)
            change.schedule(group, conformance::start_of_tests(), conformance::number_octets(i));
        REQUIRE(net::run_blocking(nodes[0]->commit(std::move(change))).has_value());
    }
    std::vector<std::uint8_t> handed_out(count);  // by number; each touched by one thread only
    std::atomic<std::size_t> done = 0, lost = 0, twice = 0;
    const auto deliver = [&](Store& store) {
        while (done < count) {
            const auto leases = net::run_blocking(
                store.lease(group, conformance::start_of_tests(), 500, seconds(600)));
            if (leases.empty()) std::this_thread::sleep_for(milliseconds(5));
            Change change;
            for (const Lease& lease : leases) {
                if (handed_out.at(read_u64(lease.item.data()))++ != 0) ++twice;
                change.finish(lease);
            }
            if (!net::run_blocking(store.commit(std::move(change))).has_value()) ++lost;
            done += leases.size();
        }
    };
    std::vector<std::thread> running;
    for (const auto& node : nodes) running.emplace_back([&, each = node.get()] { deliver(*each); });
    for (std::thread& thread : running) thread.join();
    CHECK(done == count);
    CHECK(twice == 0);
    CHECK(lost == 0);
    CHECK(std::ranges::count(handed_out, 1) == static_cast<std::ptrdiff_t>(count));
    CHECK(net::run_blocking(nodes[1]->scan(Space::due, {})).empty());
}

TEST_CASE("A server that stays away fails changes in time, says so, and is found again") {
    TestServer server;
    server.sql("CREATE DATABASE away TEMPLATE template0");
    PostgresOptions options{.conninfo = server.conninfo("away"), .patience = seconds(1)};
    REQUIRE(init_postgres(options).has_value());
    const auto store = open_for_test(options, system_clock());
    net::run_blocking(store->commit(accepting("before")));
    server.stop();
    const auto begun = std::chrono::steady_clock::now();
    CHECK_THROWS_AS(net::run_blocking(store->commit(accepting("meanwhile"))), Fault);
    CHECK_THROWS_AS(net::run_blocking(store->get(Space::queue, "before")), Fault);
    CHECK(std::chrono::steady_clock::now() - begun < seconds(30));
    CHECK(store->health().state == Health::State::away);
    server.start();
    for (int i = 0; i < 500 && store->health().state != Health::State::good; ++i)
        std::this_thread::sleep_for(milliseconds(20));
    CHECK(store->health().state == Health::State::good);
    net::run_blocking(store->commit(accepting("after")));
    judge(*store, 2);
}

TEST_CASE("A wait for the standby that was cut short counts as unknown, and is made good") {
    TestServer server;
    server.sql("CREATE DATABASE waits TEMPLATE template0");
    // The warning has to come through all the same.
    server.sql("ALTER DATABASE waits SET client_min_messages = 'error'");
    PostgresOptions options{.conninfo = server.conninfo("waits"), .deadline = seconds(20)};
    REQUIRE(init_postgres(options).has_value());
    const auto store = open_for_test(options, system_clock());
    net::run_blocking(store->commit(accepting("before")));
    stop_standbys(server);
    std::atomic<bool> is_done = false;
    std::thread waiting([&] {
        net::run_blocking(store->commit(accepting("doubtful")));
        is_done = true;
    });
    // An administrator's mistake: the server then says that the commit succeeded, with a warning.
    for (int i = 0; i < 5; ++i) {
        std::this_thread::sleep_for(milliseconds(200));
        server.sql(
            "SET synchronous_commit = local; SELECT count(pg_cancel_backend(pid)) FROM "
            "pg_stat_activity WHERE wait_event = 'SyncRep'");
        CHECK_FALSE(is_done);
    }
    server.sql("ALTER SYSTEM RESET synchronous_standby_names");
    server.sql("SELECT pg_reload_conf()");
    waiting.join();
    CHECK(is_done);
    judge(*store, 2);
}

TEST_CASE("[O5] A commit stays in doubt while the server refuses to say whether it happened") {
    TestServer server;
    server.sql("CREATE DATABASE refused TEMPLATE template0");
    std::uint64_t refused = 0;
    commit_in_doubt(server, "refused", [&] {
        // Who asks waits for the lock of the transaction that is in doubt.
        const std::string count = server.sql(
            "SELECT count(pg_cancel_backend(pid)) FROM pg_stat_activity WHERE wait_event_type = "
            "'Lock'");
        refused += text::parse_u64(count).value();
        return refused >= 3;
    });
    CHECK(refused >= 3);
}

TEST_CASE("[O5] No lock timeout of role or database has a commit run twice") {
    TestServer server;
    server.sql("CREATE DATABASE hasty TEMPLATE template0");
    server.sql("ALTER DATABASE hasty SET lock_timeout = '50ms'");
    int looks = 0;
    commit_in_doubt(server, "hasty", [&] { return ++looks == 60; });
}

TEST_CASE("[O5] A lease that was lost while it waited for a standby comes back") {
    TestServer server;
    server.sql("CREATE DATABASE leases TEMPLATE template0");
    PostgresOptions options{.conninfo = server.conninfo("leases"),
                            .deadline = milliseconds(1000),
                            .patience = seconds(3)};
    REQUIRE(init_postgres(options).has_value());
    const auto opened = open_postgres(options);
    REQUIRE(opened.has_value());
    Store& store = **opened;
    const DueGroup group = conformance::group_of("a");
    Change change;
    change.schedule(group, system_clock().now(), "x");
    REQUIRE(net::run_blocking(store.commit(std::move(change))).has_value());
    const auto lease = [&] {
        try {
            return net::run_blocking(
                store.lease(group, system_clock().now(), 10, std::chrono::hours(1)));
        } catch (const Fault&) {
            return std::vector<Lease>();
        }
    };
    stop_standbys(server);
    // The attempt waits at the server for ever, unseen: the next one passes its items over.
    CHECK(lease().empty());
    CHECK(server.sql("SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'SyncRep'") != "0");
    server.sql("ALTER SYSTEM RESET synchronous_standby_names");
    server.sql("SELECT pg_reload_conf()");
    std::vector<Lease> held;
    for (int i = 0; i < 600 && held.empty(); ++i) {
        std::this_thread::sleep_for(milliseconds(50));
        held = lease();
    }
    REQUIRE(held.size() == 1);
    // It stays with who got it, whatever is still taken back.
    std::this_thread::sleep_for(seconds(4));
    Change outcome;
    outcome.finish(held[0]);
    CHECK(net::run_blocking(store.commit(std::move(outcome))).has_value());
}

TEST_CASE("Large bodies whose chunks were lost in a failover are refused, not half held") {
    const TestDatabase database;
    const auto store = database.open(system_clock());
    struct Write {
        static net::Task<Blob> one(Store& store, Bytes bytes) {
            const auto writer = store.write_blob();
            co_await writer->write(bytes);
            co_return co_await writer->finish();
        }
    };
    const Blob blob = net::run_blocking(Write::one(*store, conformance::random_bytes(900'000, 1)));
    database.sql(
        "DELETE FROM pidge_chunk WHERE k = (SELECT k FROM pidge_chunk WHERE get_byte(k, 0) "
        "= ascii('u') ORDER BY k DESC LIMIT 1)");
    Change change;
    change.hold(blob);
    try {
        net::run_blocking(store->commit(std::move(change)));
        FAIL("half a body was held");
    } catch (const Fault& fault) {
        CHECK(fault.why == Fault::Why::unavailable);
    }
}

TEST_CASE("A store closes in time although its server does not answer") {
    TestServer server;
    server.sql("CREATE DATABASE closing TEMPLATE template0");
    PostgresOptions options{.conninfo = server.conninfo("closing"), .deadline = milliseconds(500)};
    REQUIRE(init_postgres({.conninfo = options.conninfo}).has_value());
    auto store = open_for_test(options, system_clock());
    net::run_blocking(store->commit(accepting("before")));
    server.freeze();
    store->commit_soon(accepting("meanwhile"));
    const auto begun = std::chrono::steady_clock::now();
    store.reset();
    CHECK(std::chrono::steady_clock::now() - begun < seconds(60));
    server.thaw();
}

TEST_CASE("What waits for a server that does not answer ends soon once the store is to hurry") {
    TestServer server;
    server.sql("CREATE DATABASE hurried TEMPLATE template0");
    PostgresOptions options{.conninfo = server.conninfo("hurried"), .patience = seconds(600)};
    REQUIRE(init_postgres(options).has_value());
    auto store = open_for_test(options, system_clock());
    net::run_blocking(store->commit(accepting("before")));
    server.freeze();
    std::atomic<bool> is_faulted = false;
    std::thread waiting([&] {
        try {
            net::run_blocking(store->commit(accepting("meanwhile")));
        } catch (const Fault& fault) {
            is_faulted = fault.why == Fault::Why::unavailable;
        }
    });
    const auto begun = std::chrono::steady_clock::now();
    hurry(*store);
    waiting.join();
    CHECK(is_faulted);
    store.reset();
    const auto took = std::chrono::steady_clock::now() - begun;
    MESSAGE("closed after ", std::chrono::duration_cast<std::chrono::milliseconds>(took).count(),
            " ms");
    CHECK(took < seconds(60));
    server.thaw();
}
