#include "system/store/table_store.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <span>
#include <utility>

#include "system/store/blob_record.h"
#include "system/store/chunk_reader.h"
#include "system/store/hurry.h"
#include "system/store/lease_table.h"
#include "system/store/limits.h"
#include "system/store/table_writer.h"
#include "system/store/upload.h"

namespace pidge::store {

Engine embedded_engine(std::shared_ptr<Table> table, const Clock& clock, Hands* hands) {
    Engine engine{.table = std::move(table), .hands = hands};
    auto leases = std::make_shared<LeaseTable>(*engine.table, clock);
    engine.writers.push_back(std::make_unique<TableWriter>(*engine.table, *leases, clock));
    engine.leases = std::move(leases);
    return engine;
}

TableStore::TableStore(Engine engine, const Clock& clock)
    : table_(std::move(engine.table)),
      clock_(clock),
      users_(engine.users),
      hands_(engine.hands),
      leases_(std::move(engine.leases)),
      hints_(std::move(engine.hints)),
      uploads_(clock),
      committer_(std::move(engine.writers), hands_),
      pool_(engine.pool_threads, limits::pool_jobs_max, hands_),
      body_pool_(engine.body_threads == 0
                     ? nullptr
                     : std::make_unique<Pool>(engine.body_threads, limits::pool_jobs_max, hands_)) {
    committer_.on_hint([this](const Bytes& subject) {
        tell(subject);
        if (hints_) hints_->send(subject);
    });
    look_at_disk();
    if (hands_)
        hands_->take(Hands::Work::upkeep, [this] { keep_up_by_hand(); });
    else
        upkeep_ = std::thread([this] { keep_up(); });
}

TableStore::~TableStore() {
    if (!is_hurried_) table_->hurry();
    {
        const std::lock_guard lock(upkeep_mutex_);
        is_stopping_ = true;
    }
    upkeep_wake_.notify_all();
    if (upkeep_.joinable()) upkeep_.join();
}

net::Task<std::expected<Committed, Conflict>> TableStore::commit(Change change) {
    const Committer::Done done = committer_.submit(std::move(change));
    co_return co_await done->wait();
}

void TableStore::commit_soon(Change change) {
    committer_.submit_soon(std::move(change));
}

net::Task<std::optional<Bytes>> TableStore::get(Space space, Bytes key, const Snapshot* at) {
    if (auto value = table_->get(space, key, at, Effort::at_once)) co_return *std::move(value);
    const auto reading = pool_.start([this, space, key = std::move(key), at] {
        return *table_->get(space, key, at, Effort::may_wait);
    });
    co_return co_await reading->wait();
}

net::Task<std::vector<std::optional<Bytes>>> TableStore::multi_get(
    std::vector<std::pair<Space, Bytes>> keys, const Snapshot* at) {
    std::vector<std::optional<Bytes>> values;
    values.reserve(keys.size());
    for (const auto& [space, key] : keys) {
        auto value = table_->get(space, key, at, Effort::at_once);
        if (!value) break;
        values.push_back(*std::move(value));
    }
    if (values.size() == keys.size()) co_return values;
    const auto reading =
        pool_.start([this, keys = std::move(keys), values = std::move(values), at]() mutable {
            auto rest = table_->multi_get(std::span(keys).subspan(values.size()), at);
            std::move(rest.begin(), rest.end(), std::back_inserter(values));
            return std::move(values);
        });
    co_return co_await reading->wait();
}

net::Task<std::vector<Item>> TableStore::scan(Space space, ScanOptions options,
                                              const Snapshot* at) {
    options.limit = std::min(options.limit, limits::scan_items_max);
    if (auto items = table_->scan(space, options, at, Effort::at_once)) co_return *std::move(items);
    const auto reading = pool_.start([this, space, options = std::move(options), at] {
        return *table_->scan(space, options, at, Effort::may_wait);
    });
    co_return co_await reading->wait();
}

net::Task<std::shared_ptr<const Snapshot>> TableStore::snapshot() {
    co_return table_->snapshot();
}

std::unique_ptr<BlobWriter> TableStore::write_blob() {
    return std::make_unique<UploadWriter>(*table_, body_pool(), uploads_, committer_);
}

net::Task<std::unique_ptr<BlobReader>> TableStore::open_blob(BlobId id) {
    auto at = table_->reader_snapshot();
    const auto stored = co_await get(Space::blob, Bytes(id.bytes()), at.get());
    if (!stored) co_return nullptr;
    auto record = read_blob_record(*stored);
    if (!record)
        throw Fault(Fault::Why::damaged, "the record of body " + id.text() + " is damaged");
    co_return std::make_unique<ChunkReader>(*table_, body_pool(), id, *std::move(record),
                                            std::move(at));
}

namespace {

// A small body that has not reached the store.
class BytesReader final : public BlobReader {
 public:
    explicit BytesReader(std::shared_ptr<const Bytes> bytes) : bytes_(std::move(bytes)) {}
    std::uint64_t size_bytes() const override { return bytes_->size(); }
    net::Task<Bytes> read(std::uint64_t offset, std::size_t length) override {
        co_return offset < bytes_->size() ? bytes_->substr(offset, length) : Bytes();
    }

 private:
    const std::shared_ptr<const Bytes> bytes_;
};

}  // namespace

std::unique_ptr<BlobReader> TableStore::open_upload(Blob blob) {
    if (blob.bytes) return std::make_unique<BytesReader>(blob.bytes);
    return std::make_unique<ChunkReader>(*table_, body_pool(), blob.id,
                                         BlobRecord{blob.size_bytes, 1, blob.upload},
                                         table_->reader_snapshot());
}

net::Task<std::vector<DueSummary>> TableStore::due_groups(std::optional<DueGroup> after,
                                                          std::size_t limit) {
    const auto looking =
        pool_.start([this, after, limit] { return leases_->due_groups(after, limit); });
    co_return co_await looking->wait();
}

net::Task<std::vector<Lease>> TableStore::lease(DueGroup group, WallTime now, std::size_t limit,
                                                std::chrono::seconds duration) {
    const auto leasing = pool_.start([this, group, now, limit, duration] {
        return leases_->lease(group, now, limit, duration);
    });
    co_return co_await leasing->wait();
}

net::Task<std::optional<Lease>> TableStore::lease_item(DueGroup group, WallTime due, Bytes item,
                                                       std::chrono::seconds duration) {
    co_return leases_->lease_item(group, due, item, duration);
}

net::Task<void> TableStore::release(std::vector<Lease> leases) {
    if (leases.empty()) co_return;
    const auto releasing = pool_.start([this, leases = std::move(leases)] {
        leases_->release(leases);
        return true;
    });
    co_await releasing->wait();
}

void TableStore::on_hint(std::function<void(const Bytes& subject)> listener) {
    const bool is_wanted = static_cast<bool>(listener);
    {
        const std::lock_guard lock(listener_mutex_);
        listener_ = std::move(listener);
    }
    if (hints_ && is_wanted && !std::exchange(is_listening_, true))
        hints_->listen([this](const Bytes& subject) { tell(subject); });
}

void TableStore::tell(const Bytes& subject) {
    const std::lock_guard lock(listener_mutex_);
    if (listener_) listener_(subject);
}

net::Task<WallTime> TableStore::now() {
    if (users_ == Engine::Users::one_process) co_return clock_.now();
    const auto asking = pool_.start([this] { return table_->now(clock_); });
    co_return co_await asking->wait();
}

void TableStore::hurry() {
    is_hurried_ = true;
    table_->hurry();
}

void hurry(Store& store) {
    if (auto* const ours = dynamic_cast<TableStore*>(&store)) ours->hurry();
}

Health TableStore::health() const {
    Health health;
    {
        const std::lock_guard lock(health_mutex_);
        if (disk_) {
            health.free_bytes = disk_->free_bytes;
            health.total_bytes = disk_->total_bytes;
        }
    }
    const Committer::State state = committer_.state();
    if (state == Committer::State::failed) {
        health.state = Health::State::failed;
        health.text = "The store has failed and takes nothing until pidge is restarted: " +
                      committer_.failure();
        return health;
    }
    if (state == Committer::State::away) {
        health.state = Health::State::away;
        health.text = "The database of the store cannot be reached: " + committer_.failure();
        return health;
    }
    const std::uint64_t used = health.total_bytes - health.free_bytes;
    const bool is_low =
        health.total_bytes > 0 && used >= health.total_bytes / 100 * limits::low_space_percent_used;
    if (is_low || state == Committer::State::full) {
        health.state = Health::State::low_space;
        health.text =
            health.total_bytes == 0
                ? "The disk of the store is full: " + committer_.failure()
                : fmt::format("The disk of the store is nearly full: {} MiB of {} MiB are free.",
                              health.free_bytes >> 20, health.total_bytes >> 20);
    }
    return health;
}

}  // namespace pidge::store
