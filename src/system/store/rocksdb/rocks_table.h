// The table of the RocksDB engine. See table.h for what each function promises.
#pragma once

#include <rocksdb/db.h>
#include <rocksdb/write_batch.h>

#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/result.h"
#include "system/store/rocksdb/layout.h"
#include "system/store/rocksdb/rocks_store.h"
#include "system/store/rocksdb/watched_files.h"
#include "system/store/table.h"

namespace pidge::store {

class RocksTable final : public Table, public std::enable_shared_from_this<RocksTable> {
 public:
    // `files`: below RocksDB, where a test stands in for the machine's own; null: those.
    static Result<std::shared_ptr<RocksTable>> open(
        const RocksOptions& options, std::shared_ptr<rocksdb::FileSystem> files = nullptr);
    ~RocksTable() override;

    std::optional<std::optional<Bytes>> get(Space space, std::string_view key, const Snapshot* at,
                                            Effort effort) override;
    std::optional<std::vector<Item>> scan(Space space, const ScanOptions& options,
                                          const Snapshot* at, Effort effort) override;
    std::shared_ptr<const Snapshot> snapshot() override;
    void write(std::span<const Write> writes, Durability durability) override;
    bool recover(After after) override;
    std::optional<DiskSpace> disk_space() override;

    std::string loss() const override;

 private:
    class View;
    RocksTable(const RocksOptions& options, std::shared_ptr<rocksdb::FileSystem> files);

    void tell_damage() const;
    rocksdb::Status open_database(const RocksOptions& options);
    rocksdb::ColumnFamilyHandle* family(Space space) const;
    [[noreturn]] void fail_write(const rocksdb::Status& status);

    const std::string path_;
    const std::shared_ptr<WatchedFiles> files_;
    const std::unique_ptr<rocksdb::Env> env_;
    std::vector<rocksdb::ColumnFamilyHandle*> families_;
    std::unique_ptr<rocksdb::DB> database_;
    std::atomic<bool> has_failed_{false};
    std::mutex room_mutex_;  // from making room for a record to its being written
    std::mutex batch_mutex_;
    rocksdb::WriteBatch batch_;  // of synced writes; keeps its memory
};

}  // namespace pidge::store
