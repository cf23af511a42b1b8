// simulation [--count N] [--seed S] [--sabotage NAME] [--tell]
//
// Runs N seeds from S on. The last line is a report in JSON; exit code 0: no promise was broken.
// --tell prints what happens; meant for one seed.
#include <fmt/format.h>
#include <unistd.h>

#include <cstdlib>

#include "base/text.h"
#include "simulation/simulator.h"

using namespace pidge;
using namespace pidge::simulation;

namespace {

struct Options {
    std::uint64_t count = 1000, seed = 1;
    Sabotage sabotage = Sabotage::none;
    bool tells = false;
};

std::optional<Sabotage> sabotage_named(std::string_view name) {
    if (name == "no-sync") return Sabotage::no_sync;
    if (name == "settles-early") return Sabotage::settles_early;
    if (name == "ignores-fence") return Sabotage::ignores_fence;
    if (name == "answers-at-once") return Sabotage::answers_at_once;
    return std::nullopt;
}

std::optional<Options> options_of(std::span<char*> arguments) {
    Options options;
    for (std::size_t i = 1; i < arguments.size(); ++i) {
        const std::string_view name = arguments[i];
        if (name == "--tell") {
            options.tells = true;
            continue;
        }
        if (++i >= arguments.size()) return std::nullopt;
        const auto number = text::parse_u64(arguments[i]);
        const auto sabotage = sabotage_named(arguments[i]);
        if (name == "--count" && number)
            options.count = *number;
        else if (name == "--seed" && number)
            options.seed = *number;
        else if (name == "--sabotage" && sabotage)
            options.sabotage = *sabotage;
        else
            return std::nullopt;
    }
    return options;
}

struct Sum {
    std::uint64_t failed_seeds = 0, complaints = 0, lives = 0, cuts = 0, effective = 0, trace = 0;
    Ledger::Counts counts;

    void add(const Outcome& outcome) {
        failed_seeds += outcome.complaints.empty() ? 0 : 1;
        complaints += outcome.complaints.size();
        lives += static_cast<std::uint64_t>(outcome.lives);
        cuts += static_cast<std::uint64_t>(outcome.cuts);
        effective += outcome.lives > 1 ? 1 : 0;
        trace = Trace::mix(trace ^ outcome.trace);
        counts.acknowledged += outcome.counts.acknowledged;
        counts.delivered += outcome.counts.delivered;
        counts.failed += outcome.counts.failed;
        counts.expired += outcome.counts.expired;
        counts.duplicates += outcome.counts.duplicates;
        counts.attempts += outcome.counts.attempts;
        counts.reports += outcome.counts.reports;
    }
};

void report(const Options& options, const Sum& sum, double seconds) {
    fmt::print(R"({{"campaign":"simulation","seed":{},"planned":{},"done":{},"effective":{},)"
               R"("failed":{},"findings":{},"lives":{},"cuts":{},"accepted":{},"delivered":{},)"
               R"("refused":{},"expired":{},"reports":{},"attempts":{},"duplicates":{},)"
               R"("trace":"{:016x}","wall_s":{:.1f},"seeds_per_s":{:.0f}}})"
               "\n",
               options.seed, options.count, options.count, sum.effective, sum.failed_seeds,
               sum.complaints, sum.lives, sum.cuts, sum.counts.acknowledged, sum.counts.delivered,
               sum.counts.failed, sum.counts.expired, sum.counts.reports, sum.counts.attempts,
               sum.counts.duplicates, sum.trace, seconds,
               static_cast<double>(options.count) / std::max(seconds, 0.001));
}

}  // namespace

int main(int count, char** arguments) {
    const auto options = options_of({arguments, static_cast<std::size_t>(count)});
    if (!options) {
        fmt::print(stderr,
                   "simulation [--count N] [--seed S] [--sabotage no-sync|settles-early|"
                   "ignores-fence|answers-at-once] [--tell]\n");
        return 2;
    }
    const auto teller = options->tells ? [](const std::string& line) { fmt::print("{}\n", line); }
                                       : std::function<void(const std::string&)>();
    const SteadyTime began = system_clock().steady();
    Simulator simulator;
    Sum sum;
    for (std::uint64_t i = 0; i < options->count; ++i) {
        const Outcome outcome = simulator.run(options->seed + i, options->sabotage, teller);
        sum.add(outcome);
        for (const std::string& complaint : outcome.complaints)
            fmt::print("seed {}: {}\n", options->seed + i, complaint);
    }
    report(*options, sum, std::chrono::duration<double>(system_clock().steady() - began).count());
    return sum.failed_seeds == 0 ? 0 : 1;
}
