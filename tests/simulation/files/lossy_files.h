// LossyFiles: a file system in memory below RocksDB whose power can go. What was written and not
// synced is then lost, kept in part, torn at a sector's end or written out of order, and names that
// were made, moved or removed without a sync of the directory are as before, back to some moment.
// It can also fail a sync, cut a write short and fail reads.
//
// After a sync that failed the pages count as clean, as they do on ext4, XFS and btrfs: a later
// sync does not write them.
//
// Thread-safe. Names are whole paths in one directory.
#pragma once

#include <rocksdb/file_system.h>

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "simulation/chance.h"

namespace pidge::simulation {

// What is left of what was not synced.
enum class Loss : std::uint8_t {
    nothing,     // is lost: the process was killed, the page cache lives
    everything,  // is lost
    rest,        // some first octets of it are there
    torn,        // some first sectors of it are there
    reordered,   // any sectors of it are there
};
constexpr int losses = 5;

class LossyFiles final : public rocksdb::FileSystemWrapper {
 public:
    // Sectors of disks are 512 octets, or 4096 that are written as eight of them.
    static constexpr std::size_t sector = 512;

    explicit LossyFiles(std::string directory);

    // What fails, counted from now on; 0: nothing does.
    struct Faults {
        std::uint64_t power_after = 0;       // operations that change something
        Loss loss = Loss::everything;        // when the power goes
        std::uint64_t sync_fails_after = 0;  // syncs of files
        std::uint64_t write_short_after = 0;
        std::uint64_t read_fails_one_in = 0;
        std::uint64_t full_after = 0, full_writes = 0;  // how many then find no space
    };
    void set_faults(Faults faults, std::uint64_t seed);
    // The power goes, at the latest now. What is done from then on no longer reaches the disk, and
    // nobody must believe that it was done; it succeeds, so that the process can end quickly.
    void cut();
    bool is_cut() const;
    bool has_hit() const;  // a fault other than the power came to pass
    void make_space();
    // Power is back: what the disk held when it went. No file is open any more.
    void power_on();

    // Sabotage: syncs of files, or of the directory, do nothing.
    bool syncs_files = true, syncs_directory = true;

    const char* Name() const override { return "pidge.LossyFiles"; }
    rocksdb::IOStatus NewSequentialFile(const std::string& name,
                                        const rocksdb::FileOptions& options,
                                        std::unique_ptr<rocksdb::FSSequentialFile>* file,
                                        rocksdb::IODebugContext* context) override;
    rocksdb::IOStatus NewRandomAccessFile(const std::string& name,
                                          const rocksdb::FileOptions& options,
                                          std::unique_ptr<rocksdb::FSRandomAccessFile>* file,
                                          rocksdb::IODebugContext* context) override;
    rocksdb::IOStatus NewWritableFile(const std::string& name, const rocksdb::FileOptions& options,
                                      std::unique_ptr<rocksdb::FSWritableFile>* file,
                                      rocksdb::IODebugContext* context) override;
    rocksdb::IOStatus ReopenWritableFile(const std::string& name,
                                         const rocksdb::FileOptions& options,
                                         std::unique_ptr<rocksdb::FSWritableFile>* file,
                                         rocksdb::IODebugContext* context) override;
    rocksdb::IOStatus ReuseWritableFile(const std::string& name, const std::string& old_name,
                                        const rocksdb::FileOptions& options,
                                        std::unique_ptr<rocksdb::FSWritableFile>* file,
                                        rocksdb::IODebugContext* context) override;
    rocksdb::IOStatus NewDirectory(const std::string& name, const rocksdb::IOOptions& options,
                                   std::unique_ptr<rocksdb::FSDirectory>* directory,
                                   rocksdb::IODebugContext* context) override;
    rocksdb::IOStatus FileExists(const std::string& name, const rocksdb::IOOptions& options,
                                 rocksdb::IODebugContext* context) override;
    rocksdb::IOStatus GetChildren(const std::string& directory, const rocksdb::IOOptions& options,
                                  std::vector<std::string>* names,
                                  rocksdb::IODebugContext* context) override;
    rocksdb::IOStatus DeleteFile(const std::string& name, const rocksdb::IOOptions& options,
                                 rocksdb::IODebugContext* context) override;
    rocksdb::IOStatus CreateDir(const std::string& name, const rocksdb::IOOptions& options,
                                rocksdb::IODebugContext* context) override;
    rocksdb::IOStatus CreateDirIfMissing(const std::string& name, const rocksdb::IOOptions& options,
                                         rocksdb::IODebugContext* context) override;
    rocksdb::IOStatus GetFileSize(const std::string& name, const rocksdb::IOOptions& options,
                                  std::uint64_t* size, rocksdb::IODebugContext* context) override;
    rocksdb::IOStatus GetFileModificationTime(const std::string& name,
                                              const rocksdb::IOOptions& options,
                                              std::uint64_t* time,
                                              rocksdb::IODebugContext* context) override;
    rocksdb::IOStatus RenameFile(const std::string& from, const std::string& to,
                                 const rocksdb::IOOptions& options,
                                 rocksdb::IODebugContext* context) override;
    rocksdb::IOStatus LockFile(const std::string& name, const rocksdb::IOOptions& options,
                               rocksdb::FileLock** lock, rocksdb::IODebugContext* context) override;
    rocksdb::IOStatus UnlockFile(rocksdb::FileLock* lock, const rocksdb::IOOptions& options,
                                 rocksdb::IODebugContext* context) override;
    rocksdb::IOStatus NewLogger(const std::string& name, const rocksdb::IOOptions& options,
                                std::shared_ptr<rocksdb::Logger>* logger,
                                rocksdb::IODebugContext* context) override;
    rocksdb::IOStatus GetFreeSpace(const std::string& path, const rocksdb::IOOptions& options,
                                   std::uint64_t* free, rocksdb::IODebugContext* context) override;
    rocksdb::IOStatus IsDirectory(const std::string& path, const rocksdb::IOOptions& options,
                                  bool* is_directory, rocksdb::IODebugContext* context) override;

 private:
    class Sequential;
    class RandomAccess;
    class Writable;
    class Directory;
    struct Inode {
        struct Piece {
            std::size_t from, to;
        };
        Bytes seen;                   // by the process
        Bytes durable;                // on the disk
        std::vector<Piece> unsynced;  // in the order of writing
        void write(std::size_t at, std::string_view octets);
        void sync();
        std::shared_ptr<Inode> survivor(Loss loss, Chance& chance) const;
    };
    using Names = std::map<std::string, std::shared_ptr<Inode>>;

    // All under the lock.
    bool is_full();      // for what is about to be written or reserved
    bool loses_power();  // an operation that changes something is about to happen
    void lose_power();
    rocksdb::IOStatus read(std::string_view from, std::size_t at, std::size_t count,
                           rocksdb::Slice* result, char* scratch);
    std::shared_ptr<Inode> find(const std::string& name) const;
    void name_changed();

    const std::string directory_;
    mutable std::mutex mutex_;
    Names names_;
    std::vector<Names> named_;  // on the disk, and after each change since; the last is names_
    Names survivors_;           // since the power has gone
    Faults faults_;
    Chance fault_chance_{0};
    bool is_cut_ = false, has_hit_ = false;
};

}  // namespace pidge::simulation
