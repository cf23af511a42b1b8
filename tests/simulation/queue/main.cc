// queue_model [--count N] [--seed S]: runs N random sequences against the model of the queue (C16)
// from seed S on. The last line is a report in JSON; exit code 0: they never diverged.
#include <fmt/format.h>

#include <span>

#include "base/clock.h"
#include "base/text.h"
#include "simulation/queue/sequence.h"

using namespace pidge;
using namespace pidge::simulation;

int main(int argument_count, char** argument_values) {
    const std::span arguments(argument_values, static_cast<std::size_t>(argument_count));
    std::uint64_t count = 10'000, first = 1;
    for (std::size_t i = 1; i + 1 < arguments.size(); i += 2) {
        const auto number = text::parse_u64(arguments[i + 1]);
        if (!number) return 2;
        (std::string_view(arguments[i]) == "--seed" ? first : count) = *number;
    }
    const SteadyTime began = system_clock().steady();
    SequenceOutcome sum;
    std::uint64_t failed = 0;
    for (std::uint64_t seed = first; seed < first + count; ++seed) {
        const SequenceOutcome outcome = run_sequence(seed);
        sum.steps += outcome.steps;
        sum.changes += outcome.changes;
        sum.refused += outcome.refused;
        sum.expired += outcome.expired;
        sum.crashes += outcome.crashes;
        failed += outcome.divergences.empty() ? 0 : 1;
        for (const std::string& divergence : outcome.divergences)
            fmt::print("seed {}: {}\n", seed, divergence);
    }
    const std::chrono::duration<double> took = system_clock().steady() - began;
    fmt::print(R"({{"campaign":"queue-model","seed":{},"planned":{},"done":{},"effective":{},)"
               R"("failed":{},"steps":{},"changes":{},"refused":{},"expired":{},"restarts":{},)"
               R"("wall_s":{:.1f},"seeds_per_s":{:.0f}}})"
               "\n",
               first, count, count, count, failed, sum.steps, sum.changes, sum.refused, sum.expired,
               sum.crashes, took.count(),
               static_cast<double>(count) / std::max(took.count(), 0.001));
    return failed == 0 ? 0 : 1;
}
