// ObjectTable: a Table over another one. What an upload writes ahead beyond its first octets goes
// into a bucket, and a reference into its row; who reads the row gets the octets. Everything else
// passes through.
//
// Without a bucket nothing goes there, and a body that lies in one is unavailable: this node's
// configuration lacks what another's has.
#pragma once

#include <memory>

#include "system/store/objects/bucket.h"
#include "system/store/objects/object_keeper.h"
#include "system/store/objects/reference.h"
#include "system/store/table.h"

namespace pidge::store {

struct ObjectStore {
    std::shared_ptr<Bucket> bucket;      // null: none
    std::uint64_t from_bytes = 1 << 20;  // what of a body lies beyond goes into the bucket
};

class ObjectTable final : public Table {
 public:
    ObjectTable(std::shared_ptr<Table> below, ObjectStore objects, const Clock& clock);

    std::optional<std::optional<Bytes>> get(Space space, std::string_view key, const Snapshot* at,
                                            Effort effort) override;
    std::optional<std::vector<Item>> scan(Space space, const ScanOptions& options,
                                          const Snapshot* at, Effort effort) override;
    std::vector<std::optional<Bytes>> multi_get(std::span<const std::pair<Space, Bytes>> keys,
                                                const Snapshot* at) override;
    std::shared_ptr<const Snapshot> snapshot() override { return below_->snapshot(); }
    std::shared_ptr<const Snapshot> reader_snapshot() override { return below_->reader_snapshot(); }
    // Uploads ahead (Durability::later) go to the bucket first, then to their rows.
    void write(std::span<const Write> writes, Durability durability) override;
    WallTime now(const Clock& own) override { return below_->now(own); }
    bool recover(After after) override { return below_->recover(after); }
    void hurry() override;
    std::optional<DiskSpace> disk_space() override { return below_->disk_space(); }

    // Rows of chunks that a commit has erased, as keys. Any thread.
    void erased(const std::vector<Bytes>& chunk_keys);

 private:
    bool goes_to_bucket(const Write& write) const;
    std::optional<Bytes> resolve(std::string_view key, Bytes value, const Snapshot* at);
    Bytes fetch(std::string_view key, const Reference& reference);

    const std::shared_ptr<Table> below_;
    const ObjectStore objects_;
    std::unique_ptr<ObjectKeeper> keeper_;  // null: no bucket
};

}  // namespace pidge::store
