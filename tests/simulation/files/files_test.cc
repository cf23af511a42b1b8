// That nothing is lost on files that lose, tear and fail, and that it would be noticed.
#include <doctest/doctest.h>

#include "base/log.h"
#include "simulation/files/trial.h"
#include "system/store/rocksdb/testing/directory.h"

using namespace pidge;
using namespace pidge::simulation;

namespace {

// A directory for trials, which log nothing.
struct Quiet : store::testing::Directory {
    Quiet() {
        log::configure({.least = log::Level::error, .sink = [](std::string_view) {}});
    }
};

bool is_noticed(FilesSabotage sabotage, std::uint64_t seeds) {
    const Quiet directory;
    for (std::uint64_t seed = 1; seed <= seeds; ++seed)
        if (!try_files(seed, directory.path, sabotage).complaints.empty()) return true;
    return false;
}

}  // namespace

TEST_CASE(
    "[C3] [O4] what is recovered from lossy files is a prefix with all that was acknowledged") {
    const Quiet directory;
    std::uint64_t cuts = 0, acknowledged = 0, faults = 0;
    for (std::uint64_t seed = 1; seed <= 100; ++seed) {
        const FilesOutcome outcome = try_files(seed, directory.path);
        for (const std::string& complaint : outcome.complaints)
            FAIL_CHECK("seed " << seed << ": " << complaint);
        cuts += outcome.cuts;
        acknowledged += outcome.acknowledged;
        faults += outcome.faults_hit;
    }
    CHECK(cuts > 200);
    CHECK(acknowledged > 3000);
    CHECK(faults > 5);
}

TEST_CASE("[C3] a sync that does nothing is noticed, of a file and of the directory") {
    CHECK(is_noticed(FilesSabotage::no_sync, 10));
    CHECK(is_noticed(FilesSabotage::no_directory_sync, 50));
}
