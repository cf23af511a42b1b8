// PostgresTable: reading, and uploads ahead of their commit. Commits go through GroupTransaction.
#pragma once

#include <atomic>
#include <chrono>
#include <memory>

#include "system/store/postgres/sessions.h"
#include "system/store/table.h"

namespace pidge::store::postgres {

class PostgresTable final : public Table {
 public:
    explicit PostgresTable(std::shared_ptr<Sessions> sessions) : sessions_(std::move(sessions)) {}

    std::optional<std::optional<Bytes>> get(Space space, std::string_view key, const Snapshot* at,
                                            Effort effort) override;
    std::optional<std::vector<Item>> scan(Space space, const ScanOptions& options,
                                          const Snapshot* at, Effort effort) override;
    std::vector<std::optional<Bytes>> multi_get(std::span<const std::pair<Space, Bytes>> keys,
                                                const Snapshot* at) override;
    std::shared_ptr<const Snapshot> snapshot() override;
    std::shared_ptr<const Snapshot> reader_snapshot() override { return nullptr; }
    // Puts only.
    void write(std::span<const Write> writes, Durability durability) override;
    WallTime now(const Clock& own) override;  // the database's
    // After `full`: whether a write of useful size succeeds, tried less and less often. Else
    // whether the database answers.
    bool recover(After after) override;
    void hurry() override;
    std::optional<DiskSpace> disk_space() override { return std::nullopt; }

 private:
    void read(const Snapshot* at, const Sessions::Job& job);
    bool has_space() const;

    const std::shared_ptr<Sessions> sessions_;
    std::shared_ptr<std::atomic<std::size_t>> snapshots_ =
        std::make_shared<std::atomic<std::size_t>>(0);
    // Of the upkeep, which alone recovers.
    std::chrono::steady_clock::time_point next_full_look_;
    std::chrono::seconds full_pause_{0};
};

}  // namespace pidge::store::postgres
