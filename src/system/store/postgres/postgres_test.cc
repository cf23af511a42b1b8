// The conformance suite on PostgreSQL, and what concerns opening it.
#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <mutex>
#include <thread>

#include "system/store/conformance/fixture.h"
#include "system/store/objects/testing/test_bucket.h"
#include "system/store/postgres/postgres_store.h"
#include "system/store/postgres/testing/test_database.h"

using namespace pidge;
using namespace pidge::store;
using postgres::test_server;

namespace {

// With PIDGE_TEST_BUCKET in the environment all bodies that are not small lie in a bucket; each
// database has a folder of its own there. A child that is started by a case finds its parent's.
PostgresOptions options_of_tests() {
    constexpr const char* name = "PIDGE_TEST_BUCKET";
    PostgresOptions options;
    const char* const wanted = std::getenv(name);
    if (wanted == nullptr) return options;
    static const std::string parents(wanted);
    BucketOptions bucket;
    if (parents.starts_with("http://")) {
        bucket = TestBucket::options_at(parents);
    } else {
        static const TestBucket own;
        bucket = own.options();
        ::setenv(name, bucket.endpoint.c_str(), 1);
    }
    options.bucket = std::make_shared<BucketOptions>(std::move(bucket));
    options.bucket_from_bytes = 0;
    return options;
}

class PostgresSite final : public conformance::Site {
 public:
    std::unique_ptr<Store> open(const Clock& clock) override {
        return database.open(clock, options_of_tests());
    }
    std::string path() const override { return database.conninfo(); }
    Users users() const override { return Users::several; }
    const postgres::TestDatabase database;
};

}  // namespace

std::unique_ptr<conformance::Site> conformance::make_site() {
    return std::make_unique<PostgresSite>();
}

std::unique_ptr<Store> conformance::open_at(const std::string& path, const Clock& clock) {
    PostgresOptions options = options_of_tests();
    options.conninfo = path;
    return postgres::open_for_test(std::move(options), clock);
}

TEST_CASE("A database without a store is refused with what to do, and made ready more than once") {
    test_server().sql("CREATE DATABASE bare TEMPLATE template0");
    const PostgresOptions options{.conninfo = test_server().conninfo("bare")};
    const auto none = open_postgres(options);
    REQUIRE_FALSE(none.has_value());
    CHECK(none.error().kind == Refusal::Kind::not_found);
    CHECK(none.error().text.find("pidge store init") != std::string::npos);
    REQUIRE(init_postgres(options).has_value());
    {
        const auto store = open_postgres(options);
        REQUIRE(store.has_value());
        Change change;
        change.put(Space::domain, "k", "v");
        net::run_blocking((*store)->commit(std::move(change)));
    }
    REQUIRE(init_postgres(options).has_value());
    const auto again = open_postgres(options);
    REQUIRE(again.has_value());
    CHECK(net::run_blocking((*again)->get(Space::domain, "k")) == "v");
}

TEST_CASE("A store of a newer schema is refused, one that older programs may read is not") {
    test_server().sql("CREATE DATABASE newer TEMPLATE template0");
    const PostgresOptions options{.conninfo = test_server().conninfo("newer")};
    REQUIRE(init_postgres(options).has_value());
    test_server().sql("UPDATE pidge_schema SET value = 2 WHERE name = 'version'", "newer");
    CHECK(open_postgres(options).has_value());
    test_server().sql("UPDATE pidge_schema SET value = 2 WHERE name = 'readable_by'", "newer");
    const auto newer = open_postgres(options);
    REQUIRE_FALSE(newer.has_value());
    CHECK(newer.error().kind == Refusal::Kind::unsupported);
    test_server().sql("UPDATE pidge_schema SET value = 0", "newer");
    CHECK(open_postgres(options).error().text.find("pidge store init") != std::string::npos);
}

TEST_CASE("A server that is not there is refused with its name") {
    const PostgresOptions options{.conninfo = "host=/nowhere dbname=pidge"};
    CHECK(open_postgres(options).error().text.find("/nowhere") != std::string::npos);
    CHECK(init_postgres(options).error().kind == Refusal::Kind::temporary);
    const auto findings = examine_postgres(options);
    REQUIRE(findings.size() == 1);
    CHECK(findings[0].kind == PostgresFinding::Kind::error);
}

TEST_CASE("What makes a server unsafe is found") {
    test_server().sql("CREATE DATABASE examined TEMPLATE template0");
    const PostgresOptions options{.conninfo = test_server().conninfo("examined")};
    const auto about = [&](std::string_view word) {
        for (const auto& finding : examine_postgres(options))
            if (finding.text.find(word) != std::string::npos) return finding.kind;
        FAIL("nothing is said of " << word);
        return PostgresFinding::Kind::good;
    };
    using Kind = PostgresFinding::Kind;
    CHECK(about("PostgreSQL 15") == Kind::good);
    CHECK(about("fsync") == Kind::good);
    CHECK(about("no pidge store") == Kind::error);
    CHECK(about("synchronous standby") == Kind::warning);
    REQUIRE(init_postgres(options).has_value());
    CHECK(about("holds a pidge store") == Kind::good);
    test_server().sql("ALTER DATABASE examined SET synchronous_commit = off");
    CHECK(about("synchronous_commit") == Kind::warning);
    test_server().sql("ALTER SYSTEM SET fsync = off");
    test_server().sql("SELECT pg_reload_conf()");
    // The command line of the test server has the last word; a real one has none.
    CHECK(about("fsync") == Kind::good);
    test_server().sql("ALTER SYSTEM RESET fsync");
}

namespace {

// Two nodes on one database.
struct Pair {
    conformance::Fixture first;
    std::unique_ptr<Store> second = first.site->open(first.clock);
};

}  // namespace

TEST_CASE("[O1] What one node commits the other reads at once") {
    Pair pair;
    for (int i = 0; i < 20; ++i) {
        Change change;
        change.put(Space::domain, std::to_string(i), "v");
        pair.first.done(change);
        CHECK(net::run_blocking(pair.second->get(Space::domain, std::to_string(i))) == "v");
    }
}

TEST_CASE("[O1] Two nodes that write one log and one counter leave no gap and no number twice") {
    Pair pair;
    constexpr int each = 150;
    std::vector<std::uint64_t> numbers[2];
    std::atomic<int> conflicts = 0, names = 0;
    const auto run = [&](Store& store, int which) {
        for (int i = 0; i < each; ++i) {
            Change change;
            change.next(Space::counter, "uid");
            change.append("log", "entry");
            change.put_new(Space::queue, std::to_string(i), "v");  // one of the two is first
            const auto outcome = net::run_blocking(store.commit(std::move(change)));
            if (outcome) {
                numbers[which].push_back(outcome->numbers.at(0));
                ++names;
            } else {
                ++conflicts;
            }
        }
    };
    std::thread other([&] { run(*pair.second, 1); });
    run(*pair.first.store, 0);
    other.join();
    CHECK(names == each);
    CHECK(conflicts == each);
    std::vector<std::uint64_t> all = numbers[0];
    all.insert(all.end(), numbers[1].begin(), numbers[1].end());
    std::ranges::sort(all);
    for (int i = 0; i < each; ++i) CHECK(all.at(i) == static_cast<std::uint64_t>(i + 1));
    CHECK(conformance::verify_log(*pair.first.store, "log") == each);
}

TEST_CASE("[J23] Nothing of a log is written over where its end mark is set back meanwhile") {
    Pair pair;
    std::vector<Bytes> marks;
    const auto append = [&](std::string_view entry) {
        Change change;
        change.append("log", Bytes(entry));
        pair.first.done(std::move(change));
        marks.push_back(*pair.first.get(Space::counter, log_end_key("log")));
    };
    for (const char* entry : {"one", "two", "three"}) append(entry);
    Change back;
    back.put(Space::counter, log_end_key("log"), marks[0]);
    CHECK(net::run_blocking(pair.second->commit(std::move(back))).has_value());
    CHECK_THROWS_AS(append("forged"), Fault);
    Change elsewhere;
    elsewhere.append("other", "entry");
    pair.first.done(std::move(elsewhere));
    Change mend;
    mend.put(Space::counter, log_end_key("log"), marks[2]);
    pair.first.done(std::move(mend));
    append("four");
    CHECK(conformance::verify_log(*pair.first.store, "log") == 4);
}

TEST_CASE(
    "[O1] A key that must be absent and is not written keeps the other node from writing it") {
    Pair pair;
    constexpr int rounds = 100;
    // Each round one node writes k unless l is there, the other l unless k is there: never both.
    const auto run = [&](Store& store, const std::string& mine, const std::string& others) {
        for (int i = 0; i < rounds; ++i) {
            Change change;
            change.check_absent(Space::domain, others + std::to_string(i));
            change.put(Space::domain, mine + std::to_string(i), "v");
            net::run_blocking(store.commit(std::move(change)));
        }
    };
    std::thread other([&] { run(*pair.second, "l", "k"); });
    run(*pair.first.store, "k", "l");
    other.join();
    for (int i = 0; i < rounds; ++i) {
        const bool k = pair.first.get(Space::domain, "k" + std::to_string(i)).has_value();
        const bool l = pair.first.get(Space::domain, "l" + std::to_string(i)).has_value();
        CHECK(k != l);
    }
}

TEST_CASE("[O1] Hints wake the other node, and its own are not heard twice") {
    conformance::Fixture first;
    std::mutex mutex;
    std::vector<Bytes> heard[2];
    const auto listen = [&](Store& store, int which) {
        store.on_hint([&, which](const Bytes& subject) {
            const std::lock_guard lock(mutex);
            heard[which].push_back(subject);
        });
    };
    auto second = first.site->open(first.clock);
    listen(*first.store, 0);
    listen(*second, 1);
    for (const char* subject : {"one", "two"}) {
        Change change;
        change.hint(subject);
        change.put(Space::domain, subject, "v");
        first.done(change);
    }
    const auto count = [&](int which) {
        const std::lock_guard lock(mutex);
        return heard[which].size();
    };
    for (int i = 0; i < 500 && count(1) < 2; ++i)
        std::this_thread::sleep_for(std::chrono::milliseconds(10));
    second.reset();
    CHECK(heard[1] == std::vector<Bytes>{"one", "two"});
    CHECK(count(0) == 2);
}

TEST_CASE("[O5] A node that shows no sign of life loses its leases, and its outcomes are refused") {
    Pair pair;
    const DueGroup group = conformance::group_of("a");
    Change change;
    for (int i = 0; i < 3; ++i)
        change.schedule(group, conformance::start_of_tests(), std::to_string(i));
    pair.first.done(change);
    const auto held = pair.first.lease(group, conformance::start_of_tests(), 2);
    REQUIRE(held.size() == 2);
    const auto others = [&] {
        return net::run_blocking(
            pair.second->lease(group, conformance::start_of_tests(), 10, std::chrono::seconds(60)));
    };
    const auto free_one = others();
    REQUIRE(free_one.size() == 1);
    CHECK(free_one[0].item == "2");
    // As if the first had been frozen for long.
    dynamic_cast<PostgresSite&>(*pair.first.site)
        .database.sql(
            "UPDATE pidge_holder SET alive_until = 0 WHERE id = (SELECT holder FROM "
            "pidge_due WHERE fence = " +
            std::to_string(held[0].fence) + ")");
    CHECK(others().size() == 2);
    Change late;
    late.finish(held[0]);
    CHECK_FALSE(pair.first.commit(late).has_value());
    net::run_blocking(pair.first.store->release(held));  // no longer its to give
    CHECK(others().empty());
    // One that closes gives its leases back.
    pair.second.reset();
    CHECK(pair.first.lease(group, conformance::start_of_tests(), 10).size() == 3);
}

TEST_CASE("[O5] After a failover nobody loses to a newcomer what he holds, nor its outcome") {
    Pair pair;
    const DueGroup group = conformance::group_of("a");
    Change change;
    change.schedule(group, conformance::start_of_tests(), "x");
    pair.first.done(change);
    const auto held = pair.first.lease(group, conformance::start_of_tests(), 1);
    REQUIRE(held.size() == 1);
    const auto& database = dynamic_cast<PostgresSite&>(*pair.first.site).database;
    // Has been heard for a moment only, as all have when the database is back.
    PostgresOptions options{.conninfo = database.conninfo()};
    options.lease_clock_us = [] { return std::int64_t{0}; };
    const auto newcomer = open_postgres(options);
    REQUIRE(newcomer.has_value());
    database.sql("UPDATE pidge_holder SET alive_until = 0");
    CHECK(net::run_blocking((*newcomer)->lease(group, conformance::start_of_tests(), 10,
                                               std::chrono::seconds(60)))
              .empty());
    CHECK(net::run_blocking((*newcomer)->due_groups({}, 10)).empty());
    database.sql("UPDATE pidge_holder SET alive_until = 0");
    Change outcome;
    outcome.finish(held[0]);
    CHECK(pair.first.commit(outcome).has_value());
}
