// MemoryDisk: the table of the memory engine. Each key has its versions, as far back as a snapshot
// needs them.
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <set>
#include <shared_mutex>
#include <vector>

#include "system/store/table.h"

namespace pidge::store {

class MemoryDisk final : public Table, public std::enable_shared_from_this<MemoryDisk> {
 public:
    std::optional<std::optional<Bytes>> get(Space space, std::string_view key, const Snapshot* at,
                                            Effort effort) override;
    std::optional<std::vector<Item>> scan(Space space, const ScanOptions& options,
                                          const Snapshot* at, Effort effort) override;
    std::shared_ptr<const Snapshot> snapshot() override;
    void write(std::span<const Write> writes, Durability durability) override;
    bool recover(After) override { return true; }
    std::optional<DiskSpace> disk_space() override { return std::nullopt; }

 private:
    class View;
    struct Version {
        std::uint64_t sequence;
        std::optional<Bytes> value;
    };
    using Versions = std::vector<Version>;  // oldest first
    using Map = std::map<Bytes, Versions, std::less<>>;

    void set(Map::iterator place, std::optional<Bytes> value);
    void erase_range(std::string_view from, std::string_view to);
    void forget(std::uint64_t sequence);  // a snapshot has gone
    std::uint64_t sequence_of(const Snapshot* at) const;
    static const Bytes* visible(const Versions& versions, std::uint64_t sequence);

    mutable std::shared_mutex mutex_;
    Map map_;
    std::uint64_t sequence_ = 0;              // of the last write
    std::multiset<std::uint64_t> snapshots_;  // those that live
    std::set<Bytes> untidy_;                  // keys with old versions or with an erasure
};

}  // namespace pidge::store
