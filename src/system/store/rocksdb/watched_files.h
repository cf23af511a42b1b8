// The file layer below RocksDB: counts the syncs of its log and remembers when one has failed.
// After a failed sync nobody knows which pages reached the disk, and the kernel may report success
// next time; RocksDB's status alone does not always tell a failed sync from a write for which there
// was no space.
#pragma once

#include <rocksdb/file_system.h>

#include <atomic>
#include <memory>
#include <string>

namespace pidge::store {

class WatchedFiles final : public rocksdb::FileSystemWrapper {
 public:
    explicit WatchedFiles(const std::shared_ptr<rocksdb::FileSystem>& below)
        : rocksdb::FileSystemWrapper(below) {}

    bool has_failed_sync() const { return failed_sync_.load(std::memory_order_acquire); }

    const char* Name() const override { return "pidge.WatchedFiles"; }
    rocksdb::IOStatus NewWritableFile(const std::string& name, const rocksdb::FileOptions& options,
                                      std::unique_ptr<rocksdb::FSWritableFile>* file,
                                      rocksdb::IODebugContext* context) override;
    rocksdb::IOStatus ReuseWritableFile(const std::string& name, const std::string& old_name,
                                        const rocksdb::FileOptions& options,
                                        std::unique_ptr<rocksdb::FSWritableFile>* file,
                                        rocksdb::IODebugContext* context) override;
#ifdef PIDGE_KILL_POINTS
    rocksdb::IOStatus NewDirectory(const std::string& name, const rocksdb::IOOptions& options,
                                   std::unique_ptr<rocksdb::FSDirectory>* directory,
                                   rocksdb::IODebugContext* context) override;
    rocksdb::IOStatus RenameFile(const std::string& from, const std::string& to,
                                 const rocksdb::IOOptions& options,
                                 rocksdb::IODebugContext* context) override;
    rocksdb::IOStatus DeleteFile(const std::string& name, const rocksdb::IOOptions& options,
                                 rocksdb::IODebugContext* context) override;
#endif

 private:
    class Log;
    class Directory;
    void watch(const std::string& name, std::unique_ptr<rocksdb::FSWritableFile>* file);

    std::atomic<bool> failed_sync_{false};
};

}  // namespace pidge::store
