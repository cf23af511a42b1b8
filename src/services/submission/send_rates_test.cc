#include "services/submission/send_rates.h"

#include <doctest/doctest.h>

using namespace pidge;
using namespace pidge::submission;
using namespace std::chrono_literals;
using Kind = policy::Submitter::Kind;

namespace {

struct Fixture {
    ManualClock clock{std::chrono::sys_days(std::chrono::year(2026) / 11 / 21)};
    SendRates rates{clock};

    bool send(Kind kind, std::uint32_t elsewhere, std::uint32_t here = 0,
              const std::string& sender = "alice") {
        return rates.take(sender, *policy::find_send_limits(kind), {1, elsewhere, here});
    }
};

}  // namespace

TEST_CASE("[T05] a person hands in thirty messages a minute") {
    Fixture f;
    for (int i = 0; i < 30; ++i) CHECK(f.send(Kind::person, 0, 1));
    CHECK_FALSE(f.send(Kind::person, 0, 1));
    CHECK(f.send(Kind::person, 0, 1, "bob"));
    f.clock.advance(50s);
    CHECK_FALSE(f.send(Kind::person, 0, 1));
    f.clock.advance(20s);
    CHECK(f.send(Kind::person, 0, 1));
}

TEST_CASE("[T05] in no minute there are more than thirty, whenever they come") {
    Fixture f;
    std::vector<SteadyTime> taken;
    for (int i = 0; i < 3000; ++i) {
        if (f.send(Kind::person, 0, 0)) taken.push_back(f.clock.steady());
        f.clock.advance(std::chrono::milliseconds(100 + 37 * (i % 11)));
    }
    CHECK(taken.size() > 300);
    for (std::size_t i = 30; i < taken.size(); ++i) CHECK(taken[i] - taken[i - 30] >= 60s);
}

TEST_CASE("[T05] recipients elsewhere are bounded by hour and day, those here count a tenth") {
    Fixture f;
    CHECK_FALSE(f.send(Kind::person, 301));
    CHECK(f.send(Kind::person, 300));
    CHECK_FALSE(f.send(Kind::person, 1));
    CHECK_FALSE(f.send(Kind::person, 0, 1));
    f.clock.advance(66min);
    CHECK(f.send(Kind::person, 299, 10));
    CHECK_FALSE(f.send(Kind::person, 0, 1));
    for (int i = 0; i < 2; ++i) {
        f.clock.advance(66min);
        CHECK(f.send(Kind::person, 200));
    }
    f.clock.advance(66min);
    CHECK_FALSE(f.send(Kind::person, 1));  // a thousand today
    f.clock.advance(26h);
    CHECK(f.send(Kind::person, 300));
}

TEST_CASE("machines and processes have limits of their own, strangers none") {
    Fixture f;
    for (int i = 0; i < 60; ++i) CHECK(f.send(Kind::range, 1));
    CHECK_FALSE(f.send(Kind::range, 1));
    f.clock.advance(2min);
    CHECK_FALSE(f.send(Kind::range, 1));
    f.clock.advance(4min);
    CHECK(f.send(Kind::range, 140));
    CHECK_FALSE(f.send(Kind::range, 1));
    CHECK(f.send(Kind::automatic, 1000, 0, "list"));
    CHECK(policy::find_send_limits(Kind::outside) == nullptr);
}

TEST_CASE("what is asked for and not taken does not count") {
    Fixture f;
    const auto& limits = *policy::find_send_limits(Kind::person);
    for (int i = 0; i < 100; ++i) CHECK(f.rates.has_room("alice", limits, {1, 300, 0}));
    CHECK_FALSE(f.rates.has_room("alice", limits, {1, 301, 0}));
    CHECK_FALSE(f.send(Kind::person, 301));
    CHECK(f.send(Kind::person, 300));
}
