#include "system/store/rocksdb/rocks_table.h"

#include <fmt/format.h>
#include <sys/statvfs.h>

#include <utility>

#include "base/log.h"
#include "system/store/rocksdb/guarded.h"
#include "system/store/rocksdb/log_scan.h"
#include "system/store/rocksdb/place.h"

namespace pidge::store {

namespace {

constexpr log::Event log_damaged{
    "store-log-damaged", log::Level::error,
    "A log of the store was altered or damaged on its disk: changes that had been acknowledged are "
    "lost, mail and entries of the audit trail among them. The store goes on without them.",
    "See docs/store.md, \"A damaged log\": look at the disk, keep the file, tell who may miss "
    "mail."};

rocksdb::Slice slice(std::string_view text) {
    return {text.data(), text.size()};
}

// After a read. A checksum that does not match is damage; anything else may be gone next time
// (descriptors, memory).
[[noreturn]] void fail_read(const rocksdb::Status& status) {
    throw Fault(status.IsCorruption() ? Fault::Why::damaged : Fault::Why::unavailable,
                "the store cannot be read: " + status.ToString());
}

Refusal cannot_open(const std::string& path, const rocksdb::Status& status) {
    const std::string text = status.ToString();
    Refusal refusal{.kind = Refusal::Kind::temporary, .status = {4, 3, 0}};
    if (text.find("lock hold by") != std::string::npos || text.find("/LOCK") != std::string::npos) {
        refusal.kind = Refusal::Kind::conflict;
        refusal.text =
            fmt::format("The store in {} is in use by another pidge; end that one first.", path);
    } else if (status.IsNoSpace()) {
        refusal.text =
            fmt::format("There is no space on the disk of the store in {}; make some.", path);
    } else if (status.IsCorruption()) {
        refusal.kind = Refusal::Kind::syntax;
        refusal.text =
            fmt::format("The store in {} is damaged ({}); restore it from its backup.", path, text);
    } else {
        refusal.text = fmt::format("The store in {} cannot be opened: {}.", path, text);
    }
    return refusal;
}

rocksdb::Status log_has_failed() {
    return rocksdb::Status::IOError("an earlier write or sync of the log has failed");
}

// The bounds of a scan as keys of the table.
struct Bounds {
    Bytes from, to;
    Bounds(Space space, const ScanOptions& options)
        : from(table_key(space, options.from)),
          to(options.to.empty() ? Bytes(1, static_cast<char>(std::uint8_t(space) + 1))
                                : table_key(space, options.to)) {}
};

}  // namespace

class RocksTable::View final : public Snapshot {
 public:
    explicit View(std::shared_ptr<RocksTable> table)
        : table_(std::move(table)),
          snapshot(guarded([this] { return table_->database_->GetSnapshot(); })) {}
    ~View() override { table_->database_->ReleaseSnapshot(snapshot); }

 private:
    const std::shared_ptr<RocksTable> table_;

 public:
    const rocksdb::Snapshot* const snapshot;

    static const rocksdb::Snapshot* of(const Snapshot* at) {
        return at ? static_cast<const View*>(at)->snapshot : nullptr;
    }
};

RocksTable::RocksTable(const RocksOptions& options, std::shared_ptr<rocksdb::FileSystem> files)
    : path_(options.path),
      files_(std::make_shared<WatchedFiles>(files ? std::move(files)
                                                  : rocksdb::FileSystem::Default())),
      env_(rocksdb::NewCompositeEnv(files_)) {}

RocksTable::~RocksTable() {
    if (!database_) return;
    for (rocksdb::ColumnFamilyHandle* family : families_)
        database_->DestroyColumnFamilyHandle(family).PermitUncheckedError();
    database_->Close().PermitUncheckedError();
}

Result<std::shared_ptr<RocksTable>> RocksTable::open(const RocksOptions& options,
                                                     std::shared_ptr<rocksdb::FileSystem> files) {
    TRY(prepare_place(options.path));
    std::shared_ptr<RocksTable> table(new RocksTable(options, std::move(files)));
    const rocksdb::Status status = table->open_database(options);
    table->tell_damage();
    if (!status.ok()) return cannot_open(options.path, status);
    return table;
}

void RocksTable::tell_damage() const {
    for (const DamagedLog& log : files_->damaged_logs())
        log::write(log_damaged, {{"file", log.name},
                                 {"from-octet", log.from},
                                 {"lost-octets", log.to - log.from},
                                 {"kept-as", log.kept_as}});
}

std::string RocksTable::loss() const {
    std::vector<std::string> told;
    std::vector<std::string> kept = damaged_logs_in(path_);
    for (const DamagedLog& log : files_->damaged_logs()) {
        told.push_back(fmt::format("{} octets of {}, from octet {} on", log.to - log.from, log.name,
                                   log.from));
        std::erase(kept, log.kept_as.substr(log.kept_as.rfind('/') + 1));
    }
    for (const std::string& name : kept)
        told.push_back(fmt::format("found at an earlier opening and kept: {}", name));
    return fmt::format("{}", fmt::join(told, "; "));
}

rocksdb::Status RocksTable::open_database(const RocksOptions& options) {
    rocksdb::DB* opened = nullptr;
    rocksdb::Status status = rocksdb::DB::Open(database_options(options, env_.get()), path_,
                                               family_options(options), &families_, &opened);
    database_.reset(opened);
    return status;
}

rocksdb::ColumnFamilyHandle* RocksTable::family(Space space) const {
    return families_[static_cast<std::size_t>(family_of(space))];
}

std::optional<std::optional<Bytes>> RocksTable::get(Space space, std::string_view key,
                                                    const Snapshot* at, Effort effort) {
    rocksdb::ReadOptions options;
    options.snapshot = View::of(at);
    if (effort == Effort::at_once) options.read_tier = rocksdb::kBlockCacheTier;
    rocksdb::PinnableSlice value;
    const Bytes in_table = table_key(space, key);
    const rocksdb::Status status =
        guarded([&] { return database_->Get(options, family(space), slice(in_table), &value); });
    // Where RocksDB would have to open a file to know, it says "may exist" by an empty value.
    if (status.ok() && value.empty() && effort == Effort::at_once) return std::nullopt;
    if (status.ok()) return Bytes(value.data(), value.size());
    if (status.IsNotFound()) return std::optional<Bytes>();
    if (status.IsIncomplete() && effort == Effort::at_once) return std::nullopt;
    fail_read(status);
}

std::optional<std::vector<Item>> RocksTable::scan(Space space, const ScanOptions& options,
                                                  const Snapshot* at, Effort effort) {
    // An iterator of RocksDB 7.8 that may not read the disk passes over files that are not open yet
    // without saying so where ranges were erased; the random test saw records missing right after a
    // restart.
    if (effort == Effort::at_once) return std::nullopt;
    std::vector<Item> items;
    const Bounds bounds(space, options);
    if (bounds.from >= bounds.to || options.limit == 0) return items;
    const rocksdb::Slice from = slice(bounds.from), to = slice(bounds.to);
    rocksdb::ReadOptions read;
    read.snapshot = View::of(at);
    read.iterate_lower_bound = &from;
    read.iterate_upper_bound = &to;
    const std::unique_ptr<rocksdb::Iterator> place(
        guarded([&] { return database_->NewIterator(read, family(space)); }));
    const bool is_forward = options.order == ScanOptions::Order::forward;
    for (guarded([&] { is_forward ? place->SeekToFirst() : place->SeekToLast(); });
         place->Valid() && items.size() < options.limit;
         guarded([&] { is_forward ? place->Next() : place->Prev(); })) {
        const rocksdb::Slice key = place->key(), value = place->value();
        items.push_back({Bytes(key.data() + 1, key.size() - 1), Bytes(value.data(), value.size())});
    }
    const rocksdb::Status status = place->status();
    if (status.ok()) return items;
    fail_read(status);
}

std::shared_ptr<const Snapshot> RocksTable::snapshot() {
    return std::make_shared<View>(shared_from_this());
}

void RocksTable::write(std::span<const Write> writes, Durability durability) {
    if (has_failed_.load(std::memory_order_acquire))
        throw Fault(Fault::Why::failed, "an earlier write of the store has failed");
    const auto fill = [&](rocksdb::WriteBatch& batch) {
        rocksdb::Status status;
        if (durability == Durability::synced) status = batch.PutLogData(slice(synced_mark));
        if (!status.ok()) return status;
        for (const Write& write : writes) {
            rocksdb::ColumnFamilyHandle* const in = family(write.space());
            switch (write.kind) {
                case Write::Kind::put:
                    status = batch.Put(in, slice(write.key), slice(write.value));
                    break;
                case Write::Kind::erase:
                    status = batch.Delete(in, slice(write.key));
                    break;
                case Write::Kind::erase_range:
                    status = batch.DeleteRange(in, slice(write.key), slice(write.value));
                    break;
            }
            if (!status.ok()) return status;
        }
        rocksdb::WriteOptions options;
        options.sync = durability == Durability::synced;
        const std::lock_guard lock(room_mutex_);
        // RocksDB ends the process where it is given a record after one that it could not write;
        // another thread's may have failed while this one waited.
        if (files_->has_failed() || has_failed_.load(std::memory_order_acquire))
            return log_has_failed();
        if (!files_->make_room(batch.GetDataSize()))
            return rocksdb::Status::NoSpace("there is no space for the log");
        const rocksdb::Status written = guarded([&] { return database_->Write(options, &batch); });
        // RocksDB is not told where a full log could not be synced (watched_files.cc).
        if (written.ok() && files_->has_failed()) return log_has_failed();
        return written;
    };
    rocksdb::Status status;
    if (durability == Durability::synced) {
        const std::lock_guard lock(batch_mutex_);
        batch_.Clear();
        status = fill(batch_);
    } else {
        rocksdb::WriteBatch batch;
        status = fill(batch);
    }
    if (!status.ok()) fail_write(status);
}

void RocksTable::fail_write(const rocksdb::Status& status) {
    const std::string text = "the store cannot be written: " + status.ToString();
    // No space for the log: RocksDB has inserted nothing, and a new log takes the place of the torn
    // one in recover().
    if (status.IsNoSpace() && !files_->has_failed()) throw Fault(Fault::Why::full, text);
    has_failed_.store(true, std::memory_order_release);
    throw Fault(Fault::Why::failed, text);
}

bool RocksTable::recover(After) {
    if (has_failed_.load(std::memory_order_acquire) || files_->has_failed()) return false;
    // Resuming writes what is in memory into files, and begins a new log; without some space it
    // fails again.
    const auto space = disk_space();
    constexpr std::uint64_t least_bytes = 16U << 20;
    if (space && space->free_bytes < least_bytes) return false;
    return guarded([&] { return database_->Resume(); }).ok();
}

std::optional<DiskSpace> RocksTable::disk_space() {
    struct statvfs space{};
    if (::statvfs(path_.c_str(), &space) != 0) return std::nullopt;
    return DiskSpace{std::uint64_t{space.f_bavail} * space.f_frsize,
                     std::uint64_t{space.f_blocks} * space.f_frsize};
}

}  // namespace pidge::store
