#include "system/store/rocksdb/watched_files.h"

#include <utility>

#include "base/metrics.h"
#include "system/store/kill_point.h"
#include "system/store/rocksdb/unsynced_names.h"
#include "system/store/sabotage.h"

namespace pidge::store {

namespace {

metrics::Counter syncs_total{"pidge_store_syncs_total", "Syncs of the store's log."};

}  // namespace

class WatchedFiles::Log final : public rocksdb::FSWritableFileOwnerWrapper {
 public:
    Log(std::unique_ptr<rocksdb::FSWritableFile> below, std::atomic<bool>& failed_sync)
        : rocksdb::FSWritableFileOwnerWrapper(std::move(below)), failed_sync_(failed_sync) {}

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
    rocksdb::IOStatus watch(Call call) {
        // Never again on this descriptor, whoever asks.
        if (failed_sync_.load(std::memory_order_acquire))
            return rocksdb::IOStatus::IOError("an earlier sync of the log has failed");
        syncs_total.add();
        kill_point("store-before-sync");
        rocksdb::IOStatus status =
            is_sabotaged(Sabotage::log_sync) ? rocksdb::IOStatus::OK() : call();
        if (!status.ok()) failed_sync_.store(true, std::memory_order_release);
        return status;
    }

    std::atomic<bool>& failed_sync_;
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

void WatchedFiles::watch(const std::string& name, std::unique_ptr<rocksdb::FSWritableFile>* file) {
#ifdef PIDGE_KILL_POINTS
    UnsyncedNames::of_process().made(name);
#endif
    if (name.ends_with(".log")) *file = std::make_unique<Log>(std::move(*file), failed_sync_);
}

rocksdb::IOStatus WatchedFiles::NewWritableFile(const std::string& name,
                                                const rocksdb::FileOptions& options,
                                                std::unique_ptr<rocksdb::FSWritableFile>* file,
                                                rocksdb::IODebugContext* context) {
    rocksdb::IOStatus status = target()->NewWritableFile(name, options, file, context);
    if (status.ok()) watch(name, file);
    return status;
}

rocksdb::IOStatus WatchedFiles::ReuseWritableFile(const std::string& name,
                                                  const std::string& old_name,
                                                  const rocksdb::FileOptions& options,
                                                  std::unique_ptr<rocksdb::FSWritableFile>* file,
                                                  rocksdb::IODebugContext* context) {
    rocksdb::IOStatus status = target()->ReuseWritableFile(name, old_name, options, file, context);
    if (status.ok()) watch(name, file);
    return status;
}

}  // namespace pidge::store
