#include "system/store/rocksdb/watched_files.h"

#include <utility>

#include "base/metrics.h"
#include "system/store/kill_point.h"
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

// A directory whose syncs a campaign leaves out; no other build makes one.
class WatchedFiles::Unsynced final : public rocksdb::FSDirectoryWrapper {
 public:
    using rocksdb::FSDirectoryWrapper::FSDirectoryWrapper;
    rocksdb::IOStatus Fsync(const rocksdb::IOOptions&, rocksdb::IODebugContext*) override {
        return rocksdb::IOStatus::OK();
    }
    rocksdb::IOStatus FsyncWithDirOptions(const rocksdb::IOOptions&, rocksdb::IODebugContext*,
                                          const rocksdb::DirFsyncOptions&) override {
        return rocksdb::IOStatus::OK();
    }
};

rocksdb::IOStatus WatchedFiles::NewDirectory(const std::string& name,
                                             const rocksdb::IOOptions& options,
                                             std::unique_ptr<rocksdb::FSDirectory>* directory,
                                             rocksdb::IODebugContext* context) {
    rocksdb::IOStatus status = target()->NewDirectory(name, options, directory, context);
    if (status.ok() && is_sabotaged(Sabotage::directory_sync))
        *directory = std::make_unique<Unsynced>(std::move(*directory));
    return status;
}

void WatchedFiles::watch(const std::string& name, std::unique_ptr<rocksdb::FSWritableFile>* file) {
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
