// The file layer below RocksDB: counts the syncs of its log and remembers when one has failed.
// After a failed sync nobody knows which pages reached the disk, and the kernel may report success
// next time; RocksDB's status alone does not always tell a failed sync from a write for which there
// was no space.
//
// Space for a record of the log is reserved before RocksDB writes it. A record for which there was
// no space would stay in the log by half: RocksDB cannot write behind it (it ends the process by an
// assertion when nothing was in memory that would have begun a new log), and recovery would end
// there or refuse the store because some of its files are ahead of the log. Where there was no
// space all the same the log has failed, as after a failed sync.
//
// RocksDB also syncs logs that are full, on whichever thread comes first, and ends the process by
// an assertion when one thread touches a log after another one's sync of it has failed. So such a
// failure is kept from it: no new file is made from then on, so that nothing comes of what a full
// log was synced for, and the log that is being written refuses.
//
// What a power cut leaves is to be what was written before some moment, whatever pages the disk
// wrote first: a log is synced before the next one is begun, it ends where it has a hole
// (until_hole.h), and the MANIFEST is replaced as a whole (whole_file.h). What no power cut leaves
// is noticed, and the log kept as evidence (replayed_logs.h).
#pragma once

#include <rocksdb/file_system.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "system/store/rocksdb/replayed_logs.h"

namespace pidge::store {

class WatchedFiles final : public rocksdb::FileSystemWrapper {
 public:
    explicit WatchedFiles(const std::shared_ptr<rocksdb::FileSystem>& below)
        : rocksdb::FileSystemWrapper(below) {}

    // Nothing more may be written.
    bool has_failed() const { return failed_.load(std::memory_order_acquire); }
    // Sees to it that there is space for a record of that size in the log that is being written,
    // and in the next one should it begin with this record. False: there is none. One thread at a
    // time.
    bool make_room(std::size_t record_bytes);

    // Of those that were opened for reading; once the database is open.
    const std::vector<DamagedLog>& damaged_logs() const { return replayed_logs_.damaged(); }

    const char* Name() const override { return "pidge.WatchedFiles"; }
    rocksdb::IOStatus NewSequentialFile(const std::string& name,
                                        const rocksdb::FileOptions& options,
                                        std::unique_ptr<rocksdb::FSSequentialFile>* file,
                                        rocksdb::IODebugContext* context) override;
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
    static rocksdb::IOStatus refusal();
    bool has_room_for_next(std::size_t record_bytes);
    bool settle_newest();
    void watch(const std::string& name, std::unique_ptr<rocksdb::FSWritableFile>* file);

    std::atomic<bool> failed_{false};
    std::mutex newest_mutex_;
    Log* newest_ = nullptr;  // log; the one that is being written
    std::string folder_;     // of it
    std::size_t record_bytes_ = 0;
    ReplayedLogs replayed_logs_;
};

}  // namespace pidge::store
