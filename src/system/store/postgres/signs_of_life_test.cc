#include "system/store/postgres/signs_of_life.h"

#include <doctest/doctest.h>

using namespace pidge;
using namespace pidge::store::postgres;
using namespace std::chrono_literals;

namespace {

const SteadyTime start{1000h};

// Beats every three seconds, each answered after 10 ms, from `from` to `to` after the start.
void beat(SignsOfLife& signs, std::chrono::seconds from, std::chrono::seconds to) {
    for (auto at = from; at <= to; at += 3s) signs.heard(start + at, start + at + 10ms);
}

}  // namespace

TEST_CASE("[O5] Leases are kept as long as the database hears of their holder") {
    SignsOfLife signs;
    beat(signs, 0s, 60s);
    CHECK(signs.keeps(start + 1s, start + 61s));
    CHECK(signs.keeps(start + 1s, start + 72s));
    CHECK_FALSE(signs.keeps(start + 1s, start + 74s));
}

TEST_CASE("[O5] After a long silence only leases from after it are kept") {
    SignsOfLife signs;
    beat(signs, 0s, 9s);
    beat(signs, 40s, 43s);
    CHECK_FALSE(signs.keeps(start + 8s, start + 44s));
    CHECK_FALSE(signs.keeps(start + 39s, start + 44s));
    CHECK(signs.keeps(start + 41s, start + 44s));
}

TEST_CASE("[O5] A silence that is shorter than others wait for costs nothing") {
    SignsOfLife signs;
    beat(signs, 0s, 9s);
    beat(signs, 21s, 24s);
    CHECK(signs.keeps(start + 8s, start + 25s));
}

TEST_CASE("[O5] A beat that hung counts from its beginning") {
    SignsOfLife signs;
    signs.heard(start, start + 1s);
    signs.heard(start + 4s, start + 12s);
    CHECK(signs.keeps(start + 2s, start + 16s));
    CHECK_FALSE(signs.keeps(start + 2s, start + 18s));
}

TEST_CASE("[O5] Only who was heard all the time takes over from the silent") {
    SignsOfLife signs;
    CHECK_FALSE(signs.may_take_over(start, 15s));
    beat(signs, 0s, 12s);
    CHECK_FALSE(signs.may_take_over(start + 14s, 15s));
    beat(signs, 15s, 30s);
    CHECK(signs.may_take_over(start + 31s, 15s));
    CHECK_FALSE(signs.may_take_over(start + 39s, 15s));  // silent itself
    // The database was away for ten seconds: others may not have been heard yet.
    beat(signs, 40s, 52s);
    CHECK_FALSE(signs.may_take_over(start + 54s, 15s));
    beat(signs, 55s, 58s);
    CHECK(signs.may_take_over(start + 59s, 15s));
}
