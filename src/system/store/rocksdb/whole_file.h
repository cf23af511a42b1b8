// A file that is replaced as a whole at each sync: under its name there is always what the last
// sync wrote, whole, whenever the power goes.
//
// RocksDB's MANIFEST is such a file. Of one that it appended to, a cut may leave the last record
// with its first sector and without the next, and RocksDB then refuses the store.
#pragma once

#include <rocksdb/file_system.h>

#include <string>

namespace pidge::store {

// Holds its octets in memory: for files that stay small. One thread at a time, as RocksDB's own.
class WholeFile final : public rocksdb::FSWritableFile {
 public:
    // `files` outlives it. `spare` is the name of a file beside `name` that is written first; what
    // is there is overwritten.
    WholeFile(rocksdb::FileSystem& files, std::string name, std::string spare,
              rocksdb::FileOptions options);

    using rocksdb::FSWritableFile::Append;
    rocksdb::IOStatus Append(const rocksdb::Slice& octets, const rocksdb::IOOptions& options,
                             rocksdb::IODebugContext* context) override;
    rocksdb::IOStatus Truncate(std::uint64_t size_bytes, const rocksdb::IOOptions& options,
                               rocksdb::IODebugContext* context) override;
    // Where it fails the file is as it was, or whole with what was to be synced.
    rocksdb::IOStatus Sync(const rocksdb::IOOptions& options,
                           rocksdb::IODebugContext* context) override;
    rocksdb::IOStatus Flush(const rocksdb::IOOptions& options,
                            rocksdb::IODebugContext* context) override;
    // What was not synced is not written.
    rocksdb::IOStatus Close(const rocksdb::IOOptions& options,
                            rocksdb::IODebugContext* context) override;
    std::uint64_t GetFileSize(const rocksdb::IOOptions& options,
                              rocksdb::IODebugContext* context) override;

 private:
    rocksdb::IOStatus write_spare(const rocksdb::IOOptions& options,
                                  rocksdb::IODebugContext* context);
    rocksdb::IOStatus sync_folder(const rocksdb::IOOptions& options,
                                  rocksdb::IODebugContext* context);

    rocksdb::FileSystem& files_;
    const std::string name_, spare_;
    const rocksdb::FileOptions file_options_;
    std::string octets_;
};

}  // namespace pidge::store
