// Due items and their leases.
#include <doctest/doctest.h>

#include <set>

#include "system/store/conformance/fixture.h"

using namespace pidge;
using namespace pidge::store;
using namespace pidge::store::conformance;
using std::chrono::seconds;

namespace {

WallTime at(int second) {
    return start_of_tests() + seconds(second);
}

Change scheduling(const DueGroup& group, int second, const std::string& item) {
    Change change;
    change.schedule(group, at(second), item);
    return change;
}

Change finishing(const Lease& lease) {
    Change change;
    change.finish(lease);
    return change;
}

std::string items_of(const std::vector<Lease>& leases) {
    std::string items;
    for (const Lease& lease : leases) items += (items.empty() ? "" : " ") + lease.item;
    return items;
}

std::string groups_of(const std::vector<DueSummary>& summaries) {
    std::string groups;
    for (const DueSummary& summary : summaries) {
        const auto after = summary.earliest - start_of_tests();
        groups += static_cast<char>(summary.group.octets[0]);
        groups += std::to_string(std::chrono::duration_cast<seconds>(after).count()) + " ";
    }
    return groups;
}

const DueGroup a = group_of("a"), b = group_of("b"), c = group_of("c");

}  // namespace

TEST_CASE_FIXTURE(Fixture, "Items are leased when they are due, earliest first, to one holder") {
    Change change;
    change.schedule(a, at(30), "late");
    change.schedule(a, at(10), "first");
    change.schedule(a, at(20), "second");
    change.schedule(b, at(5), "other");
    done(change);
    CHECK(lease(a, at(9), 10).empty());
    CHECK(items_of(lease(a, at(20), 1)) == "first");
    CHECK(items_of(lease(a, at(20), 10)) == "second");
    CHECK(lease(a, at(20), 10).empty());
    CHECK(items_of(lease(a, at(100), 10)) == "late");
    CHECK(items_of(lease(b, at(100), 10)) == "other");
    reopen();  // leases end with the process
    CHECK(items_of(lease(a, at(100), 10)) == "first second late");
}

TEST_CASE_FIXTURE(Fixture, "A time before 1970 is earlier than one after it") {
    Change change;
    change.schedule(a, WallTime(seconds(5)), "after");
    change.schedule(a, WallTime(seconds(-5)), "before");
    done(change);
    const auto leases = lease(a, at(0), 10);
    CHECK(items_of(leases) == "before after");
    CHECK(leases.at(0).due == WallTime(seconds(-5)));
}

TEST_CASE_FIXTURE(Fixture, "Groups with free items are listed in order with their earliest one") {
    Change change;
    change.schedule(b, at(20), "1");
    change.schedule(a, at(10), "1");
    change.schedule(a, at(15), "2");
    change.schedule(c, at(30), "1");
    done(change);
    CHECK(groups_of(due_groups()) == "a10 b20 c30 ");
    CHECK(groups_of(due_groups(a)) == "b20 c30 ");
    CHECK(groups_of(due_groups(a, 1)) == "b20 ");
    CHECK(due_groups(c).empty());
    lease(a, at(10), 1);
    lease(b, at(20), 1);
    CHECK(groups_of(due_groups()) == "a15 c30 ");
}

TEST_CASE_FIXTURE(Fixture, "The group of highest octets ends the list") {
    DueGroup last;
    last.octets.fill(0xff);
    done(scheduling(last, 1, "x"));
    CHECK(due_groups().size() == 1);
    CHECK(due_groups(last).empty());
    CHECK(lease(last, at(1), 5).size() == 1);
    CHECK(due_groups().empty());
}

TEST_CASE_FIXTURE(Fixture, "finish ends the lease and the item with its commit") {
    done(scheduling(a, 1, "x"));
    const Lease held = lease(a, at(1), 1).at(0);
    Change outcome = finishing(held);
    outcome.schedule(a, at(60), "x");  // try again later
    done(outcome);
    CHECK(lease(a, at(59), 1).empty());
    const Lease again = lease(a, at(60), 1).at(0);
    CHECK(again.fence != held.fence);
    CHECK(commit(finishing(held)).error().check == 0);
    done(finishing(again));
    CHECK(due_groups().empty());
    CHECK(keys(Space::due).empty());
    reopen();
    CHECK(lease(a, at(100), 1).empty());
}

TEST_CASE_FIXTURE(Fixture, "An item finished and scheduled for the same time is free again") {
    done(scheduling(a, 1, "x"));
    Change outcome = finishing(lease(a, at(1), 1).at(0));
    outcome.schedule(a, at(1), "x");
    done(outcome);
    CHECK(items_of(lease(a, at(1), 1)) == "x");
}

TEST_CASE_FIXTURE(Fixture,
                  "A change with a lost lease conflicts and does nothing; its checks come first") {
    done(scheduling(a, 1, "x"));
    const Lease held = lease(a, at(1), 1).at(0);
    net::run_blocking(store->release({held}));
    Change change;
    change.check_absent(Space::domain, "k");
    change.put(Space::domain, "k", "v");
    change.finish(held);
    const auto outcome = commit(change);
    REQUIRE_FALSE(outcome.has_value());
    CHECK(outcome.error().check == 1);  // the number of checks: the lease
    CHECK_FALSE(get(Space::domain, "k").has_value());
    Lease forged = lease(a, at(1), 1).at(0);
    ++forged.fence;
    CHECK_FALSE(commit(finishing(forged)).has_value());
}

TEST_CASE_FIXTURE(Fixture, "A lease is kept by a change that conflicts otherwise") {
    done(scheduling(a, 1, "x"));
    const Lease held = lease(a, at(1), 1).at(0);
    Change change = finishing(held);
    change.check_present(Space::domain, "none");
    CHECK_FALSE(commit(change).has_value());
    Change bad = finishing(held);
    bad.drop(BlobId());
    CHECK_THROWS_AS(commit(bad), Fault);
    CHECK(lease(a, at(1), 1).empty());
    done(finishing(held));
}

TEST_CASE_FIXTURE(Fixture,
                  "Released items are due as before, expired ones too, and their fences are void") {
    for (int i = 0; i < 5; ++i) done(scheduling(a, i, std::to_string(i)));
    const auto held = lease(a, at(10), 3, seconds(30));
    CHECK(items_of(held) == "0 1 2");
    net::run_blocking(store->release({held[1]}));
    CHECK(groups_of(due_groups()) == "a1 ");
    CHECK(items_of(lease(a, at(10), 1, seconds(100))) == "1");
    clock.advance(seconds(29));
    CHECK(items_of(lease(a, at(10), 1, seconds(100))) == "3");
    clock.advance(seconds(1));
    CHECK(groups_of(due_groups()) == "a0 ");
    CHECK_FALSE(commit(finishing(held[0])).has_value());
    CHECK(items_of(lease(a, at(10), 9)) == "0 2 4");
}

TEST_CASE_FIXTURE(Fixture, "A step of the wall clock does not end a lease") {
    done(scheduling(a, 1, "x"));
    const Lease held = lease(a, at(1), 1, seconds(60)).at(0);
    clock.step_wall(std::chrono::hours(24));
    CHECK(lease(a, at(1), 1).empty());
    done(finishing(held));
}

TEST_CASE_FIXTURE(Fixture, "An item that somebody has leased cannot be unscheduled") {
    done(scheduling(a, 1, "x"));
    const auto held = lease(a, at(5), 1);
    Change change;
    change.unschedule(a, at(1), "x");
    CHECK_FALSE(commit(change).has_value());
    CHECK_FALSE(commit(change).has_value());  // the refusal left the lease as it was
    done(finishing(held[0]));
    done(scheduling(a, 1, "x"));
    done(change);
    CHECK(lease(a, at(5), 1).empty());
    done(scheduling(a, 1, "x"));
    CHECK(items_of(lease(a, at(5), 2)) == "x");
}

TEST_CASE_FIXTURE(Fixture, "A change that unschedules and fails leaves the item to be leased") {
    done(scheduling(a, 1, "x"));
    Change change;
    change.check_present(Space::domain, "nowhere");
    change.unschedule(a, at(1), "x");
    CHECK_FALSE(commit(change).has_value());
    CHECK(items_of(lease(a, at(5), 2)) == "x");
}

TEST_CASE_FIXTURE(Fixture, "An item that is erased takes its lease with it") {
    done(scheduling(a, 1, "x"));
    const auto held = lease(a, at(5), 1);
    Change range;
    range.erase_range(Space::due, "", "");
    done(range);
    CHECK_FALSE(commit(finishing(held[0])).has_value());
    done(scheduling(a, 1, "x"));
    CHECK(items_of(lease(a, at(5), 2)) == "x");
}

TEST_CASE_FIXTURE(Fixture, "An item scheduled before what is leased already is found") {
    for (int i = 10; i < 20; ++i) done(scheduling(a, i, std::to_string(i)));
    CHECK(lease(a, at(100), 10).size() == 10);
    CHECK(due_groups().empty());
    done(scheduling(a, 5, "earlier"));
    CHECK(groups_of(due_groups()) == "a5 ");
    CHECK(items_of(lease(a, at(100), 10)) == "earlier");
}

TEST_CASE_FIXTURE(Fixture, "An item scheduled before what was leased and has ended is found") {
    done(scheduling(a, 20, "x"));
    done(finishing(lease(a, at(20), 1).at(0)));
    done(scheduling(a, 10, "y"));
    done(scheduling(a, 20, "x"));
    const auto leases = lease(a, at(20), 10);
    CHECK(items_of(leases) == "y x");
    done(finishing(leases.at(0)));
    net::run_blocking(store->release({leases.at(1)}));
    CHECK(items_of(lease(a, at(20), 10)) == "x");
}

namespace {

std::optional<Lease> lease_item(Store& store, const DueGroup& group, int second,
                                const std::string& item) {
    return net::run_blocking(store.lease_item(group, at(second), item, seconds(100)));
}

Change offering(const DueGroup& group, int second, const std::string& item) {
    Change change = scheduling(group, second, item);
    change.offer_scheduled();
    return change;
}

}  // namespace

TEST_CASE_FIXTURE(Fixture, "An item on offer is leased by name, once, and by nobody else") {
    done(offering(a, 10, "x"));
    done(scheduling(a, 10, "y"));
    CHECK_FALSE(lease_item(*store, a, 10, "y"));
    CHECK_FALSE(lease_item(*store, a, 11, "x"));
    const auto held = lease_item(*store, a, 10, "x");
    if (!held) return;  // an engine may always say so
    CHECK(held->item == "x");
    CHECK(held->due == at(10));
    CHECK_FALSE(lease_item(*store, a, 10, "x"));
    CHECK(items_of(lease(a, at(20), 10)) == "y");
    // Given back it is found as all others are.
    net::run_blocking(store->release({*held}));
    CHECK_FALSE(lease_item(*store, a, 10, "x"));
    CHECK_FALSE(net::run_blocking(store->commit(finishing(*held))));
    const auto again = lease(a, at(20), 10);
    CHECK(items_of(again) == "x");
    done(finishing(again.at(0)));
    CHECK(keys(Space::due, {}).size() == 1);
}

TEST_CASE_FIXTURE(Fixture, "A lease by name ends as others do, and its outcome can be committed") {
    done(offering(a, 10, "x"));
    done(offering(a, 10, "y"));
    const auto x = lease_item(*store, a, 10, "x"), y = lease_item(*store, a, 10, "y");
    if (!x || !y) return;
    done(finishing(*x));
    CHECK_FALSE(net::run_blocking(store->commit(finishing(*x))));
    clock.advance(seconds(101));
    CHECK_FALSE(net::run_blocking(store->commit(finishing(*y))));
    CHECK(items_of(lease(a, at(20), 10)) == "y");
}

TEST_CASE_FIXTURE(Fixture, "What somebody has or had, or took back, is on offer no more") {
    for (const char* item : {"leased", "finished", "removed", "moved"}) done(offering(a, 10, item));
    Change back, moved;
    back.unschedule(a, at(10), "removed");
    done(back);
    // Scheduled again for the same time, as an administrator may: what it means may have changed.
    moved.unschedule(a, at(10), "moved");
    moved.schedule(a, at(10), "moved");
    done(moved);
    const auto leases = lease(a, at(10), 10);
    CHECK(items_of(leases) == "finished leased moved");
    done(finishing(leases.at(0)));
    net::run_blocking(store->release(leases));
    for (const char* item : {"leased", "finished", "removed", "moved"})
        CHECK_FALSE(lease_item(*store, a, 10, item));
}

TEST_CASE_FIXTURE(Fixture, "What one commit offers and the next takes back is not leased") {
    done(offering(a, 10, "x"));
    Change range;
    range.erase_range(Space::due, {}, {});
    done(range);
    CHECK_FALSE(lease_item(*store, a, 10, "x"));
}

TEST_CASE_FIXTURE(Fixture, "Thousands of leased items do not hide the free ones behind them") {
    constexpr int count = 3000;
    Change change;
    for (int i = 0; i < count; ++i) change.schedule(a, at(i), std::to_string(i));
    done(change);
    std::set<std::string> seen;
    std::vector<Lease> all;
    while (true) {
        const auto some = lease(a, at(count), 70);
        if (some.empty()) break;
        for (const Lease& one : some) CHECK(seen.insert(one.item).second);
        all.insert(all.end(), some.begin(), some.end());
    }
    CHECK(seen.size() == count);
    CHECK(due_groups().empty());
    net::run_blocking(store->release({all[1500], all[7]}));
    CHECK(items_of(lease(a, at(count), 10)) == "7 1500");
    Change outcomes;
    for (int i = 0; i < 1000; ++i)
        if (i != 7) outcomes.finish(all[i]);
    done(outcomes);
    CHECK(keys(Space::due, {.limit = 10'000}).size() == count - 999);
}
