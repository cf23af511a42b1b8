#include <doctest/doctest.h>

#include "simulation/queue/sequence.h"

using namespace pidge::simulation;

TEST_CASE("[C16] random sequences leave the queue as its model says") {
    SequenceOutcome sum;
    for (std::uint64_t seed = 1; seed <= 3000; ++seed) {
        const SequenceOutcome outcome = run_sequence(seed);
        for (const std::string& divergence : outcome.divergences)
            FAIL_CHECK("seed " << seed << ": " << divergence);
        sum.changes += outcome.changes;
        sum.refused += outcome.refused;
        sum.expired += outcome.expired;
    }
    CHECK(sum.changes > 15'000);
    CHECK(sum.refused > 1'500);
    CHECK(sum.expired > 10);
}
