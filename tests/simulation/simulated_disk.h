// SimulatedDisk: the table of a store on a machine whose power can go. What was written without a
// sync is in the page cache only: when the power goes, some first part of it is on the disk and the
// rest is not. It can be full for a while, and a sync can fail.
//
// Used by one thread.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "simulation/chance.h"
#include "system/store/memory/memory_disk.h"
#include "system/store/table.h"

namespace pidge::simulation {

class SimulatedDisk final : public store::Table {
 public:
    struct Written {
        store::Write::Kind kind;
        Bytes key, value;
    };
    enum class Moment : std::uint8_t { before_write, after_sync };

    // What is on the disk to begin with.
    explicit SimulatedDisk(const std::vector<Written>& contents);

    // Asked at each synced write; may call cut().
    std::function<void(Moment)> at;
    // Told of each synced write once it is done, and when the power is back of what was written
    // before it went and is there, though no sync of it succeeded.
    std::function<void(std::span<const store::Write>)> on_synced, on_kept;
    bool syncs = true;                    // false: a sabotage; a sync does nothing
    int full_writes = 0, full_looks = 0;  // how many writes fail, and looks for space, from now on
    bool sync_fails = false;              // the next one

    void cut() { is_cut_ = true; }  // from now on nothing is read or written
    bool is_cut() const { return is_cut_; }
    bool has_failed() const { return has_failed_; }
    void power_on(Chance& chance);

    std::optional<std::optional<Bytes>> get(store::Space space, std::string_view key,
                                            const store::Snapshot* at_snapshot,
                                            store::Effort effort) override;
    std::optional<std::vector<store::Item>> scan(store::Space space,
                                                 const store::ScanOptions& options,
                                                 const store::Snapshot* at_snapshot,
                                                 store::Effort effort) override;
    std::shared_ptr<const store::Snapshot> snapshot() override;
    void write(std::span<const store::Write> writes, store::Durability durability) override;
    bool recover(After after) override;
    std::optional<store::DiskSpace> disk_space() override { return std::nullopt; }

 private:
    using Batch = std::vector<Written>;
    void check_power() const;
    void flush(std::size_t batches);

    std::shared_ptr<store::MemoryDisk> seen_;     // by the process: page cache and disk
    std::shared_ptr<store::MemoryDisk> durable_;  // the disk
    std::vector<Batch> unsynced_;                 // in between, in order
    bool is_cut_ = false, has_failed_ = false;
};

// All that is on a disk.
std::vector<SimulatedDisk::Written> contents_of(store::Table& disk);

}  // namespace pidge::simulation
