// Scans, multi-gets, snapshots.
#include <doctest/doctest.h>

#include "system/store/conformance/fixture.h"

using namespace pidge;
using namespace pidge::store;
using namespace pidge::store::conformance;
using Keys = std::vector<std::string>;

TEST_CASE_FIXTURE(Fixture,
                  "Scans give keys in order of their octets, both ways, within their bounds") {
    Change change;
    for (const char* key : {"b", "a", "\xff", "ab", "\xff\xff", ""})
        change.put(Space::address, key, key);
    change.put(Space::principal, "neighbour", "");  // the spaces beside it do not show
    change.put(Space::credential, "neighbour", "");
    done(change);
    for (int round = 0; round < 2; ++round) {
        CHECK(keys(Space::address) == Keys{"", "a", "ab", "b", "\xff", "\xff\xff"});
        CHECK(keys(Space::address, {.from = "ab", .to = "\xff"}) == Keys{"ab", "b"});
        CHECK(keys(Space::address, {.from = "aa", .limit = 2}) == Keys{"ab", "b"});
        CHECK(keys(Space::address, {.from = "b", .to = "a"}).empty());
        CHECK(keys(Space::address, {.limit = 0}).empty());
        using Order = ScanOptions::Order;
        CHECK(keys(Space::address, {.order = Order::backward}) ==
              Keys{"\xff\xff", "\xff", "b", "ab", "a", ""});
        CHECK(keys(Space::address,
                   {.from = "a", .to = "\xff", .limit = 2, .order = Order::backward}) ==
              Keys{"b", "ab"});
        CHECK(scan(Space::address, {.from = "b", .limit = 1}).at(0).value == "b");
        reopen();
    }
}

TEST_CASE_FIXTURE(Fixture, "The last space can be scanned and erased to its end") {
    Change change;
    change.put(Space::message, "\xff\xff\xff", "v");
    change.put(Space::queue, "k", "v");
    done(change);
    CHECK(keys(Space::message) == Keys{"\xff\xff\xff"});
    Change all;
    all.erase_range(Space::message, "", "");
    done(all);
    CHECK(keys(Space::message).empty());
    CHECK(keys(Space::queue) == Keys{"k"});
}

TEST_CASE_FIXTURE(Fixture, "multi_get answers in the order of its keys") {
    Change change;
    change.put(Space::address, "a", "1");
    change.put(Space::domain, "b", "2");
    done(change);
    reopen();
    std::vector<std::pair<Space, Bytes>> wanted{
        {Space::domain, "b"}, {Space::domain, "a"}, {Space::address, "a"}};
    const auto values = net::run_blocking(store->multi_get(wanted));
    CHECK(values == std::vector<std::optional<Bytes>>{"2", std::nullopt, "1"});
    CHECK(net::run_blocking(store->multi_get({})).empty());
}

TEST_CASE_FIXTURE(Fixture, "A snapshot shows the state at its time, whatever comes after") {
    Change change;
    change.put(Space::domain, "changed", "old");
    change.put(Space::domain, "erased", "old");
    change.put(Space::domain, "ranged", "old");
    done(change);
    auto first = net::run_blocking(store->snapshot());

    Change later;
    later.put(Space::domain, "changed", "new");
    later.put(Space::domain, "fresh", "new");
    later.erase(Space::domain, "erased");
    later.erase_range(Space::domain, "r", "s");
    done(later);
    auto second = net::run_blocking(store->snapshot());
    Change last;
    last.put(Space::domain, "changed", "newest");
    done(last);

    CHECK(get(Space::domain, "changed", first.get()) == "old");
    CHECK(get(Space::domain, "changed", second.get()) == "new");
    CHECK(get(Space::domain, "changed") == "newest");
    CHECK(get(Space::domain, "erased", first.get()) == "old");
    CHECK_FALSE(get(Space::domain, "erased", second.get()).has_value());
    CHECK_FALSE(get(Space::domain, "fresh", first.get()).has_value());
    CHECK(scan(Space::domain, {}, first.get()).size() == 3);
    CHECK(keys(Space::domain) == Keys{"changed", "fresh"});
    first.reset();
    CHECK(get(Space::domain, "changed", second.get()) == "new");
    CHECK(scan(Space::domain, {}, second.get()).size() == 2);
    second.reset();
    CHECK(keys(Space::domain) == Keys{"changed", "fresh"});
}

TEST_CASE_FIXTURE(Fixture, "Large values and long scans come whole after a restart") {
    constexpr int count = 3000;
    for (int i = 0; i < count; i += 500) {
        Change change;
        for (int j = i; j < i + 500; ++j)
            change.put(Space::queue, number_octets(j), random_bytes(1500, j));
        done(change);
    }
    Change large;
    large.put(Space::route, "large", random_bytes(5 << 20, 7));
    done(large);
    reopen();
    CHECK(get(Space::route, "large") == random_bytes(5 << 20, 7));
    const auto items = scan(Space::queue, {.limit = 100'000});
    REQUIRE(items.size() == count);
    bool right = true;
    for (int i = 0; i < count; ++i)
        right =
            right && items[i].key == number_octets(i) && items[i].value == random_bytes(1500, i);
    CHECK(right);
}
