// The logs that RocksDB replays while it is opened, one after the other, and which of them have
// lost what was synced (log_scan.h). Such a one is kept as evidence under a second name, for
// RocksDB removes what it has replayed.
#pragma once

#include <rocksdb/file_system.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace pidge::store {

struct DamagedLog {
    std::string name;
    std::uint64_t from = 0, to = 0;  // octets that are not replayed
    std::string kept_as;             // empty: it could not be kept
};

// Used by one thread.
class ReplayedLogs {
 public:
    // Before each is replayed, in their order.
    void examine(rocksdb::FileSystem& files, const std::string& log,
                 const rocksdb::FileOptions& options);

    const std::vector<DamagedLog>& damaged() const { return damaged_; }

 private:
    void keep(rocksdb::FileSystem& files, const std::string& log, std::uint64_t from,
              std::uint64_t to);

    std::vector<DamagedLog> damaged_;
    std::optional<std::uint64_t> expected_sequence_;  // of the next log's first batch
    DamagedLog last_read_;
    bool is_torn_ = false;  // one of those read
};

}  // namespace pidge::store
