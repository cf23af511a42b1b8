// Trial: one seed of the campaign on files (C3). A store on RocksDB on files that lose, tear,
// reorder and fail; it commits until something happens, the power goes, and it is opened again, a
// few times over. Each time what is there must be what the first n commits made, all of it and
// nothing else, with n at least what was acknowledged.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace pidge::simulation {

enum class FilesSabotage : std::uint8_t { none, no_sync, no_directory_sync };

struct FilesOutcome {
    std::uint64_t acknowledged = 0, cuts = 0, torn_recoveries = 0, faults_hit = 0, full = 0;
    std::vector<std::string> complaints;
};

// `directory` is one of its own, empty or used by trials before; only the store's mark is in it.
FilesOutcome try_files(std::uint64_t seed, const std::string& directory,
                       FilesSabotage sabotage = FilesSabotage::none);

}  // namespace pidge::simulation
