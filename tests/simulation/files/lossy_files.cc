#include "simulation/files/lossy_files.h"

#include <rocksdb/env.h>

#include <algorithm>
#include <cstring>

namespace pidge::simulation {

using rocksdb::IODebugContext;
using rocksdb::IOOptions;
using rocksdb::IOStatus;
using rocksdb::Slice;

namespace {

IOStatus not_found(const std::string& name) {
    return IOStatus::PathNotFound(name);
}

class Lock final : public rocksdb::FileLock {};

class SilentLogger final : public rocksdb::Logger {
 public:
    using rocksdb::Logger::Logv;
    void Logv(const char*, va_list) override {}
    std::size_t GetLogFileSize() const override { return 0; }
};

std::string_view view(const Slice& slice) {
    return {slice.data(), slice.size()};
}

}  // namespace

// --- what a file is made of ---

void LossyFiles::Inode::write(std::size_t at, std::string_view octets) {
    if (seen.size() < at + octets.size()) seen.resize(at + octets.size());
    std::memcpy(seen.data() + at, octets.data(), octets.size());
    unsynced.push_back({at, at + octets.size()});
}

void LossyFiles::Inode::sync() {
    durable.resize(seen.size());
    for (const Piece& piece : unsynced) {
        const std::size_t to = std::min(piece.to, seen.size());
        if (piece.from < to)
            std::memcpy(durable.data() + piece.from, seen.data() + piece.from, to - piece.from);
    }
    unsynced.clear();
}

std::shared_ptr<LossyFiles::Inode> LossyFiles::Inode::survivor(Loss loss, Chance& chance) const {
    Bytes left_behind = loss == Loss::nothing ? seen : durable;
    // Pieces that end where sectors do, so that each is written or not.
    std::vector<Piece> sectors;
    std::size_t octets = 0;
    for (const Piece& piece : unsynced) {
        for (std::size_t from = piece.from; from < std::min(piece.to, seen.size());) {
            const std::size_t end = (from / sector + 1) * sector;
            sectors.push_back({from, std::min({end, piece.to, seen.size()})});
            octets += sectors.back().to - from;
            from = sectors.back().to;
        }
    }
    const auto keep = [&](std::size_t from, std::size_t to) {
        if (left_behind.size() < to) left_behind.resize(to);
        std::memcpy(left_behind.data() + from, seen.data() + from, to - from);
    };
    std::size_t left = loss == Loss::rest ? chance.below(octets + 1) : octets;
    std::size_t count = loss == Loss::torn ? chance.below(sectors.size() + 1) : sectors.size();
    for (const Piece& piece : sectors) {
        if (loss == Loss::nothing || loss == Loss::everything || count-- == 0 || left == 0) break;
        if (loss == Loss::reordered && chance.one_in(2)) continue;
        const std::size_t size = std::min(left, piece.to - piece.from);
        keep(piece.from, piece.from + size);
        left -= size;
    }
    // The size may be there ahead of the octets.
    if (loss == Loss::reordered && chance.one_in(2)) left_behind.resize(seen.size());
    return std::make_shared<Inode>(Inode{left_behind, left_behind, {}});
}

// --- faults ---

LossyFiles::LossyFiles(std::string directory)
    : rocksdb::FileSystemWrapper(rocksdb::FileSystem::Default()),
      directory_(std::move(directory)),
      named_(1) {}

void LossyFiles::set_faults(Faults faults, std::uint64_t seed) {
    const std::lock_guard lock(mutex_);
    faults_ = faults;
    fault_chance_ = Chance(seed);
    has_hit_ = false;
}

void LossyFiles::cut() {
    const std::lock_guard lock(mutex_);
    if (!is_cut_) lose_power();
}

bool LossyFiles::is_cut() const {
    const std::lock_guard lock(mutex_);
    return is_cut_;
}

bool LossyFiles::has_hit() const {
    const std::lock_guard lock(mutex_);
    return has_hit_;
}

void LossyFiles::make_space() {
    const std::lock_guard lock(mutex_);
    faults_.full_writes = 0;
}

bool LossyFiles::is_full() {
    if (faults_.full_writes == 0) return false;
    if (faults_.full_after > 0 && --faults_.full_after > 0) return false;
    --faults_.full_writes;
    has_hit_ = true;
    return true;
}

bool LossyFiles::loses_power() {
    return !is_cut_ && faults_.power_after > 0 && --faults_.power_after == 0;
}

void LossyFiles::lose_power() {
    const bool has_all = faults_.loss == Loss::nothing;
    const Names& kept = named_[has_all ? named_.size() - 1 : fault_chance_.below(named_.size())];
    survivors_.clear();
    for (const auto& [name, inode] : kept)
        survivors_[name] = inode->survivor(faults_.loss, fault_chance_);
    is_cut_ = true;
    faults_ = {};
}

void LossyFiles::power_on() {
    const std::lock_guard lock(mutex_);
    names_ = std::move(survivors_);
    named_ = {names_};
    is_cut_ = false;
}

void LossyFiles::name_changed() {
    named_.push_back(names_);
}

std::shared_ptr<LossyFiles::Inode> LossyFiles::find(const std::string& name) const {
    const auto found = names_.find(name);
    return found == names_.end() ? nullptr : found->second;
}

// --- open files ---

IOStatus LossyFiles::read(std::string_view from, std::size_t at, std::size_t count, Slice* result,
                          char* scratch) {
    if (faults_.read_fails_one_in != 0 && fault_chance_.one_in(faults_.read_fails_one_in)) {
        has_hit_ = true;
        return IOStatus::IOError("simulated EIO on read");
    }
    const std::size_t size = at < from.size() ? std::min(count, from.size() - at) : 0;
    if (size > 0) std::memcpy(scratch, from.data() + at, size);
    *result = Slice(scratch, size);
    return IOStatus::OK();
}

class LossyFiles::Sequential final : public rocksdb::FSSequentialFile {
 public:
    Sequential(LossyFiles& files, std::shared_ptr<Inode> inode)
        : files_(files), inode_(std::move(inode)) {}
    IOStatus Read(std::size_t count, const IOOptions&, Slice* result, char* scratch,
                  IODebugContext*) override {
        const std::lock_guard lock(files_.mutex_);
        IOStatus status = files_.read(inode_->seen, at_, count, result, scratch);
        if (status.ok()) at_ += result->size();
        return status;
    }
    IOStatus Skip(std::uint64_t count) override {
        at_ += count;
        return IOStatus::OK();
    }

 private:
    LossyFiles& files_;
    const std::shared_ptr<Inode> inode_;
    std::size_t at_ = 0;
};

class LossyFiles::RandomAccess final : public rocksdb::FSRandomAccessFile {
 public:
    RandomAccess(LossyFiles& files, std::shared_ptr<Inode> inode)
        : files_(files), inode_(std::move(inode)) {}
    IOStatus Read(std::uint64_t at, std::size_t count, const IOOptions&, Slice* result,
                  char* scratch, IODebugContext*) const override {
        const std::lock_guard lock(files_.mutex_);
        return files_.read(inode_->seen, at, count, result, scratch);
    }

 private:
    LossyFiles& files_;
    const std::shared_ptr<Inode> inode_;
};

class LossyFiles::Writable final : public rocksdb::FSWritableFile {
 public:
    Writable(LossyFiles& files, std::shared_ptr<Inode> inode, std::size_t at)
        : files_(files), inode_(std::move(inode)), at_(at) {}

    using rocksdb::FSWritableFile::Append;
    IOStatus Append(const Slice& octets, const IOOptions&, IODebugContext*) override {
        const std::lock_guard lock(files_.mutex_);
        Faults& faults = files_.faults_;
        const bool is_short = faults.write_short_after > 0 && --faults.write_short_after == 0;
        files_.has_hit_ |= is_short;
        const bool is_full = at_ + octets.size() > reserved_ && files_.is_full();
        const std::size_t size =
            !is_short && !is_full ? octets.size() : files_.fault_chance_.below(octets.size() + 1);
        if (files_.loses_power()) {
            // The write had begun.
            const std::size_t part = files_.fault_chance_.below(size + 1);
            inode_->write(at_, view(octets).substr(0, part));
            files_.lose_power();
        }
        inode_->write(at_, view(octets).substr(0, size));
        at_ += size;
        if (is_full) return IOStatus::NoSpace("simulated full disk");
        return is_short ? IOStatus::IOError("simulated short write") : IOStatus::OK();
    }
    IOStatus Allocate(std::uint64_t from, std::uint64_t size, const IOOptions&,
                      IODebugContext*) override {
        const std::lock_guard lock(files_.mutex_);
        if (files_.is_full()) return IOStatus::NoSpace("simulated full disk");
        reserved_ = std::max(reserved_, from + size);
        return IOStatus::OK();
    }
    IOStatus Truncate(std::uint64_t size, const IOOptions&, IODebugContext*) override {
        const std::lock_guard lock(files_.mutex_);
        if (files_.loses_power()) files_.lose_power();
        inode_->seen.resize(size);
        return IOStatus::OK();
    }
    IOStatus Close(const IOOptions&, IODebugContext*) override { return IOStatus::OK(); }
    IOStatus Flush(const IOOptions&, IODebugContext*) override { return IOStatus::OK(); }
    IOStatus Sync(const IOOptions&, IODebugContext*) override {
        const std::lock_guard lock(files_.mutex_);
        if (files_.loses_power()) files_.lose_power();
        Faults& faults = files_.faults_;
        if (faults.sync_fails_after > 0 && --faults.sync_fails_after == 0) {
            files_.has_hit_ = true;
            inode_->unsynced.clear();
            return IOStatus::IOError("simulated EIO on sync");
        }
        if (files_.syncs_files) inode_->sync();
        return IOStatus::OK();
    }
    std::uint64_t GetFileSize(const IOOptions&, IODebugContext*) override { return at_; }

 private:
    LossyFiles& files_;
    const std::shared_ptr<Inode> inode_;
    std::size_t at_;
    std::uint64_t reserved_ = 0;
};

class LossyFiles::Directory final : public rocksdb::FSDirectory {
 public:
    explicit Directory(LossyFiles& files) : files_(files) {}
    IOStatus Fsync(const IOOptions&, IODebugContext*) override {
        const std::lock_guard lock(files_.mutex_);
        if (files_.loses_power()) files_.lose_power();
        if (files_.syncs_directory) files_.named_ = {files_.names_};
        return IOStatus::OK();
    }

 private:
    LossyFiles& files_;
};

IOStatus LossyFiles::NewSequentialFile(const std::string& name, const rocksdb::FileOptions&,
                                       std::unique_ptr<rocksdb::FSSequentialFile>* file,
                                       IODebugContext*) {
    const std::lock_guard lock(mutex_);
    auto inode = find(name);
    if (!inode) return not_found(name);
    *file = std::make_unique<Sequential>(*this, std::move(inode));
    return IOStatus::OK();
}

IOStatus LossyFiles::NewRandomAccessFile(const std::string& name, const rocksdb::FileOptions&,
                                         std::unique_ptr<rocksdb::FSRandomAccessFile>* file,
                                         IODebugContext*) {
    const std::lock_guard lock(mutex_);
    auto inode = find(name);
    if (!inode) return not_found(name);
    *file = std::make_unique<RandomAccess>(*this, std::move(inode));
    return IOStatus::OK();
}

IOStatus LossyFiles::NewWritableFile(const std::string& name, const rocksdb::FileOptions&,
                                     std::unique_ptr<rocksdb::FSWritableFile>* file,
                                     IODebugContext*) {
    const std::lock_guard lock(mutex_);
    if (loses_power()) lose_power();
    auto inode = std::make_shared<Inode>();
    names_[name] = inode;
    name_changed();
    *file = std::make_unique<Writable>(*this, std::move(inode), 0);
    return IOStatus::OK();
}

IOStatus LossyFiles::ReopenWritableFile(const std::string& name,
                                        const rocksdb::FileOptions& options,
                                        std::unique_ptr<rocksdb::FSWritableFile>* file,
                                        IODebugContext* context) {
    {
        const std::lock_guard lock(mutex_);
        if (auto inode = find(name)) {
            const std::size_t size = inode->seen.size();
            *file = std::make_unique<Writable>(*this, std::move(inode), size);
            return IOStatus::OK();
        }
    }
    return NewWritableFile(name, options, file, context);
}

// What was in the file stays there until it is written over.
IOStatus LossyFiles::ReuseWritableFile(const std::string& name, const std::string& old_name,
                                       const rocksdb::FileOptions& options,
                                       std::unique_ptr<rocksdb::FSWritableFile>* file,
                                       IODebugContext* context) {
    IOStatus status = RenameFile(old_name, name, options.io_options, context);
    if (!status.ok()) return status;
    const std::lock_guard lock(mutex_);
    *file = std::make_unique<Writable>(*this, find(name), 0);
    return status;
}

// --- names ---

IOStatus LossyFiles::NewDirectory(const std::string&, const IOOptions&,
                                  std::unique_ptr<rocksdb::FSDirectory>* directory,
                                  IODebugContext*) {
    *directory = std::make_unique<Directory>(*this);
    return IOStatus::OK();
}

IOStatus LossyFiles::FileExists(const std::string& name, const IOOptions&, IODebugContext*) {
    const std::lock_guard lock(mutex_);
    return name == directory_ || find(name) ? IOStatus::OK() : IOStatus::NotFound(name);
}

IOStatus LossyFiles::GetChildren(const std::string& directory, const IOOptions&,
                                 std::vector<std::string>* names, IODebugContext*) {
    names->clear();
    const std::lock_guard lock(mutex_);
    for (const auto& [name, inode] : names_)
        if (name.starts_with(directory) && name.size() > directory.size() + 1)
            names->push_back(name.substr(directory.size() + (directory.ends_with('/') ? 0 : 1)));
    return IOStatus::OK();
}

IOStatus LossyFiles::DeleteFile(const std::string& name, const IOOptions&, IODebugContext*) {
    const std::lock_guard lock(mutex_);
    if (loses_power()) lose_power();
    if (names_.erase(name) == 0) return not_found(name);
    name_changed();
    return IOStatus::OK();
}

IOStatus LossyFiles::RenameFile(const std::string& from, const std::string& to, const IOOptions&,
                                IODebugContext*) {
    const std::lock_guard lock(mutex_);
    if (loses_power()) lose_power();
    auto inode = find(from);
    if (!inode) return not_found(from);
    names_.erase(from);
    names_[to] = std::move(inode);
    name_changed();
    return IOStatus::OK();
}

IOStatus LossyFiles::CreateDir(const std::string&, const IOOptions&, IODebugContext*) {
    return IOStatus::OK();
}
IOStatus LossyFiles::CreateDirIfMissing(const std::string&, const IOOptions&, IODebugContext*) {
    return IOStatus::OK();
}

IOStatus LossyFiles::GetFileSize(const std::string& name, const IOOptions&, std::uint64_t* size,
                                 IODebugContext*) {
    const std::lock_guard lock(mutex_);
    const auto inode = find(name);
    if (!inode) return not_found(name);
    *size = inode->seen.size();
    return IOStatus::OK();
}

IOStatus LossyFiles::GetFileModificationTime(const std::string&, const IOOptions&,
                                             std::uint64_t* time, IODebugContext*) {
    *time = 1'795'000'000;
    return IOStatus::OK();
}

IOStatus LossyFiles::LockFile(const std::string&, const IOOptions&, rocksdb::FileLock** lock,
                              IODebugContext*) {
    *lock = new Lock();
    return IOStatus::OK();
}
IOStatus LossyFiles::UnlockFile(rocksdb::FileLock* lock, const IOOptions&, IODebugContext*) {
    delete lock;
    return IOStatus::OK();
}

IOStatus LossyFiles::NewLogger(const std::string&, const IOOptions&,
                               std::shared_ptr<rocksdb::Logger>* logger, IODebugContext*) {
    *logger = std::make_shared<SilentLogger>();
    return IOStatus::OK();
}

IOStatus LossyFiles::GetFreeSpace(const std::string&, const IOOptions&, std::uint64_t* free,
                                  IODebugContext*) {
    *free = 1ULL << 40;
    return IOStatus::OK();
}

IOStatus LossyFiles::IsDirectory(const std::string& path, const IOOptions&, bool* is_directory,
                                 IODebugContext*) {
    *is_directory = path == directory_;
    return IOStatus::OK();
}

}  // namespace pidge::simulation
