// TableStore: the whole contract of Store on top of a Table. The embedded engines are this class
// with their own table.
#pragma once

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>

#include "base/clock.h"
#include "system/store/committer.h"
#include "system/store/lease_table.h"
#include "system/store/pool.h"
#include "system/store/store.h"
#include "system/store/table.h"
#include "system/store/uploads.h"

namespace pidge::store {

class TableStore final : public Store {
 public:
    // `clock` outlives the store; the store outlives its writers, readers and whoever waits for it.
    // A snapshot keeps the table open.
    TableStore(std::shared_ptr<Table> table, const Clock& clock);
    ~TableStore() override;

    net::Task<std::expected<Committed, Conflict>> commit(Change change) override;
    void commit_soon(Change change) override;
    net::Task<std::optional<Bytes>> get(Space space, Bytes key, const Snapshot* at) override;
    net::Task<std::vector<std::optional<Bytes>>> multi_get(
        std::vector<std::pair<Space, Bytes>> keys, const Snapshot* at) override;
    net::Task<std::vector<Item>> scan(Space space, ScanOptions options,
                                      const Snapshot* at) override;
    net::Task<std::shared_ptr<const Snapshot>> snapshot() override;
    std::unique_ptr<BlobWriter> write_blob() override;
    net::Task<std::unique_ptr<BlobReader>> open_blob(BlobId id) override;
    std::unique_ptr<BlobReader> open_upload(Blob blob) override;
    net::Task<std::vector<DueSummary>> due_groups(std::optional<DueGroup> after,
                                                  std::size_t limit) override;
    net::Task<std::vector<Lease>> lease(DueGroup group, WallTime now, std::size_t limit,
                                        std::chrono::seconds duration) override;
    net::Task<void> release(std::vector<Lease> leases) override;
    void on_hint(std::function<void(const Bytes& subject)> listener) override;
    Health health() const override;
    net::Task<WallTime> now() override { co_return clock_.now(); }

 private:
    void keep_up();
    void look_at_disk();
    void sweep_uploads();
    void sweep_tokens();

    const std::shared_ptr<Table> table_;
    const Clock& clock_;
    LeaseTable leases_;
    Uploads uploads_;
    Committer committer_;
    Pool pool_;

    mutable std::mutex health_mutex_;
    std::optional<DiskSpace> disk_;

    std::mutex upkeep_mutex_;
    std::condition_variable upkeep_wake_;
    bool is_stopping_ = false;
    std::thread upkeep_;
};

}  // namespace pidge::store
