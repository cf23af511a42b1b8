#include "system/store/rocksdb/whole_file.h"

#include <memory>
#include <utility>

namespace pidge::store {

using rocksdb::IODebugContext;
using rocksdb::IOOptions;
using rocksdb::IOStatus;

WholeFile::WholeFile(rocksdb::FileSystem& files, std::string name, std::string spare,
                     rocksdb::FileOptions options)
    : rocksdb::FSWritableFile(options),
      files_(files),
      name_(std::move(name)),
      spare_(std::move(spare)),
      file_options_(std::move(options)) {}

IOStatus WholeFile::Append(const rocksdb::Slice& octets, const IOOptions&, IODebugContext*) {
    octets_.append(octets.data(), octets.size());
    return IOStatus::OK();
}

IOStatus WholeFile::Truncate(std::uint64_t size_bytes, const IOOptions&, IODebugContext*) {
    octets_.resize(size_bytes);
    return IOStatus::OK();
}

IOStatus WholeFile::Sync(const IOOptions& options, IODebugContext* context) {
    IOStatus status = write_spare(options, context);
    if (status.ok()) status = files_.RenameFile(spare_, name_, options, context);
    if (status.ok()) return sync_folder(options, context);
    // The space it takes may be the last.
    files_.DeleteFile(spare_, options, context).PermitUncheckedError();
    return status;
}

IOStatus WholeFile::write_spare(const IOOptions& options, IODebugContext* context) {
    std::unique_ptr<rocksdb::FSWritableFile> file;
    IOStatus status = files_.NewWritableFile(spare_, file_options_, &file, context);
    if (status.ok()) status = file->Append(octets_, options, context);
    if (status.ok()) status = file->Sync(options, context);
    if (status.ok()) status = file->Close(options, context);
    return status;
}

IOStatus WholeFile::sync_folder(const IOOptions& options, IODebugContext* context) {
    std::unique_ptr<rocksdb::FSDirectory> folder;
    IOStatus status =
        files_.NewDirectory(name_.substr(0, name_.rfind('/')), options, &folder, context);
    if (status.ok()) status = folder->Fsync(options, context);
    return status;
}

IOStatus WholeFile::Flush(const IOOptions&, IODebugContext*) {
    return IOStatus::OK();
}

IOStatus WholeFile::Close(const IOOptions&, IODebugContext*) {
    return IOStatus::OK();
}

std::uint64_t WholeFile::GetFileSize(const IOOptions&, IODebugContext*) {
    return octets_.size();
}

}  // namespace pidge::store
