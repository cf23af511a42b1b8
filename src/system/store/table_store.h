// TableStore: the whole contract of Store on top of a Table. Every engine is this class with its
// own parts.
#pragma once

#include <atomic>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>

#include "base/clock.h"
#include "system/store/committer.h"
#include "system/store/hands.h"
#include "system/store/hint_channel.h"
#include "system/store/leases.h"
#include "system/store/limits.h"
#include "system/store/pool.h"
#include "system/store/store.h"
#include "system/store/table.h"
#include "system/store/uploads.h"

namespace pidge::store {

// What an engine consists of.
struct Engine {
    std::shared_ptr<Table> table;
    std::shared_ptr<Leases> leases;
    std::vector<std::unique_ptr<GroupWriter>> writers;  // one thread each
    std::unique_ptr<HintChannel> hints;                 // null: nobody else is there
    std::size_t pool_threads = limits::pool_threads;
    // Threads of their own for reading and writing bodies; 0: those of the pool. For engines whose
    // bodies lie elsewhere than their records.
    std::size_t body_threads = 0;
    // Whether other processes use the same store: then what they have begun is not swept.
    enum class Users : std::uint8_t { one_process, several } users = Users::one_process;
    // Null: the store has threads of its own. They outlive it.
    Hands* hands = nullptr;
};
// With leases in memory; with hands, which outlive the store, it has no threads.
Engine embedded_engine(std::shared_ptr<Table> table, const Clock& clock, Hands* hands = nullptr);

class TableStore final : public Store {
 public:
    // `clock` outlives the store; the store outlives its writers, readers and whoever waits for it.
    // A snapshot keeps the table open.
    TableStore(Engine engine, const Clock& clock);
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
    net::Task<std::optional<Lease>> lease_item(DueGroup group, WallTime due, Bytes item,
                                               std::chrono::seconds duration) override;
    net::Task<void> release(std::vector<Lease> leases) override;
    bool keeps_leases(std::chrono::nanoseconds age) const override { return leases_->is_kept(age); }
    void on_hint(std::function<void(const Bytes& subject)> listener) override;
    Health health() const override;
    std::string loss() const override { return table_->loss(); }
    void hurry();  // hurry.h
    net::Task<WallTime> now() override;

 private:
    void tell(const Bytes& subject);
    void keep_up();
    void keep_up_by_hand();
    void sweep_when_due();
    void look_at_disk();
    void write_again();
    void sweep_uploads();
    void sweep_tokens();
    bool may_be_in_use(const std::string& upload);
    Pool& body_pool() { return body_pool_ ? *body_pool_ : pool_; }

    const std::shared_ptr<Table> table_;
    const Clock& clock_;
    const Engine::Users users_;
    Hands* const hands_;
    const std::shared_ptr<Leases> leases_;
    std::mutex listener_mutex_;  // held while the listener runs
    std::function<void(const Bytes& subject)> listener_;
    bool is_listening_ = false;
    const std::unique_ptr<HintChannel> hints_;
    Uploads uploads_;
    Committer committer_;
    Pool pool_;
    std::unique_ptr<Pool> body_pool_;  // null: bodies share the pool

    mutable std::mutex health_mutex_;
    std::optional<DiskSpace> disk_;

    std::atomic<bool> is_hurried_ = false;

    std::mutex upkeep_mutex_;
    std::condition_variable upkeep_wake_;
    bool is_stopping_ = false;
    std::optional<SteadyTime> last_sweep_;  // upkeep only
    std::thread upkeep_;
};

}  // namespace pidge::store
