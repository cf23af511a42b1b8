#include "simulation/simulated_disk.h"

namespace pidge::simulation {

using store::Fault;
using store::Write;

namespace {

std::vector<Write> views_of(const std::vector<SimulatedDisk::Written>& batch) {
    std::vector<Write> views;
    views.reserve(batch.size());
    for (const auto& written : batch) views.push_back({written.kind, written.key, written.value});
    return views;
}

}  // namespace

std::vector<SimulatedDisk::Written> contents_of(store::Table& disk) {
    std::vector<SimulatedDisk::Written> contents;
    for (const store::SpaceInfo& info : store::spaces()) {
        store::ScanOptions all{.limit = SIZE_MAX};
        auto items = *disk.scan(info.space, all, nullptr, store::Effort::may_wait);
        for (store::Item& item : items)
            contents.push_back(
                {Write::Kind::put, store::table_key(info.space, item.key), std::move(item.value)});
    }
    return contents;
}

SimulatedDisk::SimulatedDisk(const std::vector<Written>& contents)
    : seen_(std::make_shared<store::MemoryDisk>()),
      durable_(std::make_shared<store::MemoryDisk>()) {
    const auto views = views_of(contents);
    seen_->write(views, store::Durability::synced);
    durable_->write(views, store::Durability::synced);
}

void SimulatedDisk::check_power() const {
    if (is_cut_) throw Fault(Fault::Why::failed, "the power is gone");
}

void SimulatedDisk::flush(std::size_t batches) {
    for (std::size_t i = 0; i < batches; ++i)
        durable_->write(views_of(unsynced_[i]), store::Durability::synced);
    unsynced_.erase(unsynced_.begin(), unsynced_.begin() + static_cast<std::ptrdiff_t>(batches));
}

// Batches of a log reach the disk in order; how many of them did is up to the disk.
void SimulatedDisk::power_on(Chance& chance) {
    const std::size_t kept = chance.below(unsynced_.size() + 1);
    for (std::size_t i = 0; i < kept; ++i) on_kept(views_of(unsynced_[i]));
    flush(kept);
    unsynced_.clear();
    seen_ = std::make_shared<store::MemoryDisk>();
    seen_->write(views_of(contents_of(*durable_)), store::Durability::synced);
    is_cut_ = has_failed_ = sync_fails = false;
    full_writes = full_looks = 0;
}

std::optional<std::optional<Bytes>> SimulatedDisk::get(store::Space space, std::string_view key,
                                                       const store::Snapshot* at_snapshot,
                                                       store::Effort effort) {
    check_power();
    return seen_->get(space, key, at_snapshot, effort);
}

std::optional<std::vector<store::Item>> SimulatedDisk::scan(store::Space space,
                                                            const store::ScanOptions& options,
                                                            const store::Snapshot* at_snapshot,
                                                            store::Effort effort) {
    check_power();
    return seen_->scan(space, options, at_snapshot, effort);
}

std::shared_ptr<const store::Snapshot> SimulatedDisk::snapshot() {
    return seen_->snapshot();
}

void SimulatedDisk::write(std::span<const Write> writes, store::Durability durability) {
    check_power();
    if (has_failed_) throw Fault(Fault::Why::failed, "an earlier write has failed");
    if (full_writes > 0) {
        --full_writes;
        throw Fault(Fault::Why::full, "the simulated disk is full");
    }
    const bool is_synced = durability == store::Durability::synced;
    if (is_synced && at) at(Moment::before_write);
    check_power();
    Batch& batch = unsynced_.emplace_back();
    for (const Write& write : writes)
        batch.push_back({write.kind, Bytes(write.key), Bytes(write.value)});
    if (is_synced && std::exchange(sync_fails, false)) {
        has_failed_ = true;
        throw Fault(Fault::Why::failed, "the simulated disk did not sync");
    }
    seen_->write(writes, durability);
    if (!is_synced) return;
    if (syncs) flush(unsynced_.size());
    if (on_synced) on_synced(writes);
    if (at) at(Moment::after_sync);
    check_power();
}

bool SimulatedDisk::recover(After) {
    if (is_cut_ || has_failed_) return false;
    if (full_looks > 0) {
        --full_looks;
        return false;
    }
    full_writes = 0;
    return true;
}

}  // namespace pidge::simulation
