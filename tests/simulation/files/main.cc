// files [--count N] [--seed S] [--sabotage NAME]: runs N seeds of the campaign on files (C3) from S
// on. The last line is a report in JSON; exit code 0: no promise was broken.
#include <fmt/format.h>

#include <cstdlib>

#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "simulation/files/trial.h"
#include "system/store/rocksdb/testing/directory.h"

using namespace pidge;
using namespace pidge::simulation;

namespace {

struct Options {
    std::uint64_t count = 500, seed = 1;
    FilesSabotage sabotage = FilesSabotage::none;
};

std::optional<Options> options_of(std::span<char*> arguments) {
    Options options;
    for (std::size_t i = 1; i < arguments.size(); i += 2) {
        if (i + 1 >= arguments.size()) return std::nullopt;
        const std::string_view name = arguments[i], value = arguments[i + 1];
        const auto number = text::parse_u64(value);
        if (name == "--count" && number)
            options.count = *number;
        else if (name == "--seed" && number)
            options.seed = *number;
        else if (name == "--sabotage" && value == "no-sync")
            options.sabotage = FilesSabotage::no_sync;
        else if (name == "--sabotage" && value == "no-directory-sync")
            options.sabotage = FilesSabotage::no_directory_sync;
        else
            return std::nullopt;
    }
    return options;
}

}  // namespace

int main(int count, char** arguments) {
    const auto options = options_of({arguments, static_cast<std::size_t>(count)});
    if (!options) {
        fmt::print(stderr, "files [--count N] [--seed S] [--sabotage no-sync|no-directory-sync]\n");
        return 2;
    }
    log::configure({.least = log::Level::error, .sink = [](std::string_view) {}});
    const store::testing::Directory directory;
    const SteadyTime began = system_clock().steady();
    FilesOutcome sum;
    std::uint64_t failed = 0, findings = 0;
    for (std::uint64_t seed = options->seed; seed < options->seed + options->count; ++seed) {
        const FilesOutcome outcome = try_files(seed, directory.path, options->sabotage);
        sum.acknowledged += outcome.acknowledged;
        sum.cuts += outcome.cuts;
        sum.torn_recoveries += outcome.torn_recoveries;
        sum.faults_hit += outcome.faults_hit;
        sum.full += outcome.full;
        failed += outcome.complaints.empty() ? 0 : 1;
        findings += outcome.complaints.size();
        for (const std::string& complaint : outcome.complaints)
            fmt::print("seed {}: {}\n", seed, complaint);
    }
    const std::chrono::duration<double> took = system_clock().steady() - began;
    fmt::print(
        R"({{"campaign":"files","seed":{},"planned":{},"done":{},"effective":{},"failed":{},)"
        R"("findings":{},"accepted":{},"cuts":{},"torn":{},"faults":{},"full":{},"wall_s":{:.1f},)"
        R"("seeds_per_s":{:.0f}}})"
        "\n",
        options->seed, options->count, options->count, options->count, failed, findings,
        sum.acknowledged, sum.cuts, sum.torn_recoveries, sum.faults_hit, sum.full, took.count(),
        static_cast<double>(options->count) / std::max(took.count(), 0.001));
    return failed == 0 ? 0 : 1;
}
