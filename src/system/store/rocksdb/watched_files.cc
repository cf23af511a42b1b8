#include "system/store/rocksdb/watched_files.h"

#include <utility>

#include "base/metrics.h"
#include "system/store/kill_point.h"
#include "system/store/rocksdb/unsynced_names.h"
#include "system/store/rocksdb/until_hole.h"
#include "system/store/rocksdb/whole_file.h"
#include "system/store/sabotage.h"

namespace pidge::store {

namespace {

metrics::Counter syncs_total{"pidge_store_syncs_total", "Syncs of the store's log."};

// Reserved at a time; RocksDB frees what is not used when it closes the log.
constexpr std::uint64_t room_step_bytes = 1U << 20;
// Beside a record's octets: its headers, one for each block of 32 KiB, and the batch's own.
constexpr std::uint64_t room_for(std::uint64_t record_bytes) {
    return record_bytes + record_bytes / 1024 + 4096;
}

// No name of RocksDB's, which deletes those of its temporary files that it does not know.
constexpr std::string_view spare_manifest = "MANIFEST.new";

bool is_log(std::string_view name) {
    return name.ends_with(".log");
}
std::string_view folder_of(std::string_view name) {
    return name.substr(0, name.rfind('/'));
}
bool is_manifest(std::string_view name) {
    return name.substr(name.rfind('/') + 1).starts_with("MANIFEST-");
}

}  // namespace

class WatchedFiles::Log final : public rocksdb::FSWritableFileOwnerWrapper {
 public:
    Log(WatchedFiles& files, std::unique_ptr<rocksdb::FSWritableFile> below)
        : rocksdb::FSWritableFileOwnerWrapper(std::move(below)), files_(files) {}
    ~Log() override {
        const std::lock_guard lock(files_.newest_mutex_);
        if (files_.newest_ == this) files_.newest_ = nullptr;
    }

    bool make_room(std::uint64_t record_bytes) {
        const std::uint64_t needed = written_bytes_ + room_for(record_bytes);
        if (needed <= reserved_bytes_) return true;
        // With a step in hand where there is space for it.
        for (const std::uint64_t ahead : {room_step_bytes, std::uint64_t{0}}) {
            const std::uint64_t until = needed + ahead;
            const rocksdb::IOStatus status =
                target()->Allocate(reserved_bytes_, until - reserved_bytes_, {}, nullptr);
            // Any other answer means that this file system cannot reserve; then writing tells.
            if (status.IsNoSpace()) continue;
            reserved_bytes_ = until;
            return true;
        }
        return false;
    }

    // All that was written is on the disk from now on, or this is false.
    bool settle() {
        return synced_bytes_ == written_bytes_ ||
               sync([&] { return target()->Sync({}, nullptr); }).ok();
    }

    rocksdb::IOStatus Append(const rocksdb::Slice& octets, const rocksdb::IOOptions& options,
                             rocksdb::IODebugContext* context) override {
        return write(octets.size(), [&] { return target()->Append(octets, options, context); });
    }
    rocksdb::IOStatus Append(const rocksdb::Slice& octets, const rocksdb::IOOptions& options,
                             const rocksdb::DataVerificationInfo& checksum,
                             rocksdb::IODebugContext* context) override {
        return write(octets.size(),
                     [&] { return target()->Append(octets, options, checksum, context); });
    }

    rocksdb::IOStatus Sync(const rocksdb::IOOptions& options,
                           rocksdb::IODebugContext* context) override {
        return watch([&] { return target()->Sync(options, context); });
    }
    rocksdb::IOStatus Fsync(const rocksdb::IOOptions& options,
                            rocksdb::IODebugContext* context) override {
        return watch([&] { return target()->Fsync(options, context); });
    }

 private:
    template <typename Call>
    rocksdb::IOStatus write(std::size_t size_bytes, Call call) {
        // Never again on this descriptor, whoever asks.
        if (files_.has_failed()) return files_.refusal();
        const rocksdb::IOStatus status = call();
        if (!status.ok()) return fail(status);
        written_bytes_ += size_bytes;
        return status;
    }

    template <typename Call>
    rocksdb::IOStatus watch(Call call) {
        if (files_.has_failed()) return is_newest() ? files_.refusal() : rocksdb::IOStatus::OK();
        const rocksdb::IOStatus status = sync(call);
        return status.ok() || is_newest() ? status : rocksdb::IOStatus::OK();
    }

    template <typename Call>
    rocksdb::IOStatus sync(Call call) {
        const std::uint64_t until_bytes = written_bytes_;
        syncs_total.add();
        kill_point("store-before-sync");
        const rocksdb::IOStatus status =
            is_sabotaged(Sabotage::log_sync) ? rocksdb::IOStatus::OK() : call();
        if (!status.ok()) return fail(status);
        synced_bytes_ = until_bytes;
        return status;
    }

    // Without its kind: where there was no space RocksDB would try to go on by itself.
    rocksdb::IOStatus fail(const rocksdb::IOStatus& status) {
        files_.failed_.store(true, std::memory_order_release);
        return rocksdb::IOStatus::IOError("the log cannot be written", status.ToString());
    }

    bool is_newest() const {
        const std::lock_guard lock(files_.newest_mutex_);
        return files_.newest_ == this;
    }

    WatchedFiles& files_;
    std::atomic<std::uint64_t> written_bytes_ = 0, synced_bytes_ = 0;
    std::uint64_t reserved_bytes_ = 0;
};

#ifdef PIDGE_KILL_POINTS

// A directory that knows which of its names are durable, and whose syncs a campaign can leave out.
class WatchedFiles::Directory final : public rocksdb::FSDirectoryWrapper {
 public:
    Directory(std::string name, std::unique_ptr<rocksdb::FSDirectory> below)
        : rocksdb::FSDirectoryWrapper(std::move(below)), name_(std::move(name)) {}

    rocksdb::IOStatus Fsync(const rocksdb::IOOptions& options,
                            rocksdb::IODebugContext* context) override {
        return FsyncWithDirOptions(options, context, {});
    }
    rocksdb::IOStatus FsyncWithDirOptions(const rocksdb::IOOptions& options,
                                          rocksdb::IODebugContext* context,
                                          const rocksdb::DirFsyncOptions& what) override {
        if (is_sabotaged(Sabotage::directory_sync)) return rocksdb::IOStatus::OK();
        rocksdb::IOStatus status =
            rocksdb::FSDirectoryWrapper::FsyncWithDirOptions(options, context, what);
        if (status.ok()) UnsyncedNames::of_process().synced(name_);
        return status;
    }

 private:
    const std::string name_;
};

rocksdb::IOStatus WatchedFiles::NewDirectory(const std::string& name,
                                             const rocksdb::IOOptions& options,
                                             std::unique_ptr<rocksdb::FSDirectory>* directory,
                                             rocksdb::IODebugContext* context) {
    rocksdb::IOStatus status = target()->NewDirectory(name, options, directory, context);
    if (status.ok()) *directory = std::make_unique<Directory>(name, std::move(*directory));
    return status;
}

rocksdb::IOStatus WatchedFiles::RenameFile(const std::string& from, const std::string& to,
                                           const rocksdb::IOOptions& options,
                                           rocksdb::IODebugContext* context) {
    UnsyncedNames::of_process().will_rename(from, to);
    return target()->RenameFile(from, to, options, context);
}

rocksdb::IOStatus WatchedFiles::DeleteFile(const std::string& name,
                                           const rocksdb::IOOptions& options,
                                           rocksdb::IODebugContext* context) {
    UnsyncedNames::of_process().erased(name);
    return target()->DeleteFile(name, options, context);
}

#endif

rocksdb::IOStatus WatchedFiles::refusal() {
    return rocksdb::IOStatus::IOError("an earlier write or sync of the log has failed");
}

bool WatchedFiles::make_room(std::size_t record_bytes) {
    const std::lock_guard lock(newest_mutex_);
    record_bytes_ = record_bytes;
    if (newest_ == nullptr) return true;
    return newest_->make_room(record_bytes) && has_room_for_next(record_bytes);
}

bool WatchedFiles::settle_newest() {
    const std::lock_guard lock(newest_mutex_);
    return newest_ == nullptr || newest_->settle();
}

// RocksDB may begin a new log at any record; what its background work takes meanwhile cannot be
// foreseen, hence the step.
bool WatchedFiles::has_room_for_next(std::size_t record_bytes) {
    std::uint64_t free_bytes = 0;
    const rocksdb::IOStatus status = target()->GetFreeSpace(folder_, {}, &free_bytes, nullptr);
    return !status.ok() || free_bytes >= room_for(record_bytes) + room_step_bytes;
}

void WatchedFiles::watch(const std::string& name, std::unique_ptr<rocksdb::FSWritableFile>* file) {
#ifdef PIDGE_KILL_POINTS
    UnsyncedNames::of_process().made(name);
#endif
    if (!is_log(name)) return;
    auto log = std::make_unique<Log>(*this, std::move(*file));
    const std::lock_guard lock(newest_mutex_);
    newest_ = log.get();
    folder_ = folder_of(name);
    // Where there is no space the record fails, and the log with it.
    (void)log->make_room(record_bytes_);
    *file = std::move(log);
}

rocksdb::IOStatus WatchedFiles::NewSequentialFile(const std::string& name,
                                                  const rocksdb::FileOptions& options,
                                                  std::unique_ptr<rocksdb::FSSequentialFile>* file,
                                                  rocksdb::IODebugContext* context) {
    if (is_log(name)) replayed_logs_.examine(*target(), name, options);
    rocksdb::IOStatus status = target()->NewSequentialFile(name, options, file, context);
    if (status.ok() && is_log(name)) *file = std::make_unique<UntilHole>(std::move(*file));
    return status;
}

rocksdb::IOStatus WatchedFiles::NewWritableFile(const std::string& name,
                                                const rocksdb::FileOptions& options,
                                                std::unique_ptr<rocksdb::FSWritableFile>* file,
                                                rocksdb::IODebugContext* context) {
    if (has_failed() || (is_log(name) && !settle_newest())) return refusal();
    if (is_manifest(name)) {
        const std::string spare = std::string(folder_of(name)) + '/' + std::string(spare_manifest);
        *file = std::make_unique<WholeFile>(*this, name, spare, options);
        return rocksdb::IOStatus::OK();
    }
    rocksdb::IOStatus status = target()->NewWritableFile(name, options, file, context);
    if (status.ok()) watch(name, file);
    return status;
}

rocksdb::IOStatus WatchedFiles::ReuseWritableFile(const std::string& name,
                                                  const std::string& old_name,
                                                  const rocksdb::FileOptions& options,
                                                  std::unique_ptr<rocksdb::FSWritableFile>* file,
                                                  rocksdb::IODebugContext* context) {
    if (has_failed() || (is_log(name) && !settle_newest())) return refusal();
    rocksdb::IOStatus status = target()->ReuseWritableFile(name, old_name, options, file, context);
    if (status.ok()) watch(name, file);
    return status;
}

}  // namespace pidge::store
