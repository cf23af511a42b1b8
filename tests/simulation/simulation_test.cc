// That the simulation repeats itself, and that it notices what it is there to notice.
#include <doctest/doctest.h>

#include "simulation/simulator.h"

using namespace pidge;
using namespace pidge::simulation;

namespace {

// After how many seeds the sabotage is noticed.
int noticed_after(Simulator& simulator, Sabotage sabotage, int seeds_most) {
    for (int seed = 1; seed <= seeds_most; ++seed)
        if (!simulator.run(static_cast<std::uint64_t>(seed), sabotage).complaints.empty())
            return seed;
    return seeds_most + 1;
}

}  // namespace

TEST_CASE("[C15] the same seed gives the same trace, another seed another one") {
    Simulator first, second;
    for (std::uint64_t seed = 1; seed <= 5; ++seed) {
        const Outcome once = first.run(seed);
        const Outcome again = first.run(seed);
        const Outcome elsewhere = second.run(seed);
        CHECK(once.trace == again.trace);
        CHECK(once.trace == elsewhere.trace);
        CHECK(once.trace != first.run(seed + 1000).trace);
    }
}

TEST_CASE("[C15] each sabotage is noticed") {
    Simulator simulator;
    CHECK(noticed_after(simulator, Sabotage::no_sync, 20) <= 20);
    CHECK(noticed_after(simulator, Sabotage::settles_early, 20) <= 20);
    CHECK(noticed_after(simulator, Sabotage::answers_at_once, 20) <= 20);
    // Deliveries end before their lease: only an outcome whose commit was held up comes too late.
    CHECK(noticed_after(simulator, Sabotage::ignores_fence, 400) <= 400);
}

TEST_CASE("[C15] [O4] [O5] whatever goes wrong, each acknowledged message comes to one end") {
    Simulator simulator;
    std::uint64_t cuts = 0, expired = 0, failed = 0, duplicates = 0;
    for (std::uint64_t seed = 1; seed <= 100; ++seed) {
        const Outcome outcome = simulator.run(seed);
        for (const std::string& complaint : outcome.complaints)
            FAIL_CHECK("seed " << seed << ": " << complaint);
        cuts += static_cast<std::uint64_t>(outcome.cuts);
        expired += outcome.counts.expired;
        failed += outcome.counts.failed;
        duplicates += outcome.counts.duplicates;
    }
    // What is to be shown did come to pass.
    CHECK(cuts > 50);
    CHECK(expired > 5);
    CHECK(failed > 5);
    CHECK(duplicates > 0);
}
