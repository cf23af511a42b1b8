#include "system/store/rocksdb/place.h"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>
#include <optional>
#include <string_view>

#include "base/text.h"
#include "system/store/sabotage.h"

namespace pidge::store {

namespace {

// What opening writes besides the contents of the log: MANIFEST, options, its own log.
constexpr std::uint64_t opening_octets = 4ULL << 20;
constexpr std::uint64_t opening_files = 32;
constexpr std::string_view mark_begin = "pidge store, format ";

Refusal refused(Refusal::Kind kind, std::string text) {
    return {.kind = kind, .text = std::move(text), .status = {4, 3, 0}};
}

Refusal refused_by_system(const std::string& what, int error) {
    const auto kind = error == EACCES || error == EPERM ? Refusal::Kind::policy
                      : error == ENOENT                 ? Refusal::Kind::not_found
                                                        : Refusal::Kind::temporary;
    std::string_view mend;
    if (error == EACCES || error == EPERM)
        mend = " Run this as the user that owns it, or give it to this one (chown).";
    if (error == EROFS)
        mend = " Look at dmesg for faults of the disk, then mount it for writing again.";
    if (error == ENOTDIR || error == EEXIST || error == ENOENT)
        mend = " Name a directory below one that is there.";
    if (error == ENOSPC) mend = " Make room on that disk.";
    return refused(kind, fmt::format("{}: {}.{}", what, std::strerror(error), mend));
}

// Opening replays what the log holds beyond the tables and writes it out once more. RocksDB does
// not come through that on a full disk, so it is not begun.
Result<> check_space(const std::string& path, std::uint64_t log_octets) {
    struct statvfs disk{};
    if (::statvfs(path.c_str(), &disk) != 0)
        return refused_by_system(fmt::format("The disk of {} cannot be looked at", path), errno);
    const std::uint64_t free = std::uint64_t{disk.f_bavail} * disk.f_frsize;
    const std::uint64_t needed = opening_octets + log_octets;
    if (free < needed)
        return refused(
            Refusal::Kind::temporary,
            fmt::format("The disk of {} is full: {} KiB are free, and opening the store "
                        "takes {} KiB. Nothing is lost: make room there and start again.",
                        path, free >> 10, needed >> 10));
    // Some file systems count no files.
    if (disk.f_files != 0 && disk.f_favail < opening_files)
        return refused(Refusal::Kind::temporary,
                       fmt::format("The disk of {} takes no more files ({} are free). Nothing is "
                                   "lost: remove some there and start again.",
                                   path, std::uint64_t{disk.f_favail}));
    return {};
}

struct Descriptor {
    int number = -1;
    ~Descriptor() {
        if (number >= 0) ::close(number);
    }
};

bool sync_directory(const std::string& path) {
    if (is_sabotaged(Sabotage::directory_sync)) return true;
    const Descriptor directory{::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
    return directory.number >= 0 && ::fsync(directory.number) == 0;
}

struct Contents {
    bool has_mark = false;
    bool has_current = false;  // RocksDB's root; without it the rest cannot be read
    bool has_data = false;     // files of a store with something in it
    bool has_other = false;
    std::uint64_t log_octets = 0;  // write-ahead log
};

Result<Contents> look_into(const std::string& path) {
    const std::unique_ptr<DIR, int (*)(DIR*)> directory(::opendir(path.c_str()), ::closedir);
    if (!directory)
        return refused_by_system(fmt::format("The store's directory {} cannot be read", path),
                                 errno);
    Contents contents;
    while (const dirent* const entry = ::readdir(directory.get())) {
        const std::string_view name = entry->d_name;
        if (name == "." || name == ".." || name == "lost+found" || name == "PIDGE-STORE.new")
            continue;
        if (name == "PIDGE-STORE") {
            contents.has_mark = true;
        } else {
            contents.has_other = true;
            if (name == "CURRENT") contents.has_current = true;
            if (name.ends_with(".sst") || name.ends_with(".blob")) contents.has_data = true;
            struct stat status{};
            if (name.ends_with(".log") &&
                ::fstatat(::dirfd(directory.get()), entry->d_name, &status, 0) == 0)
                contents.log_octets += static_cast<std::uint64_t>(status.st_size);
        }
    }
    return contents;
}

Result<> write_mark(const std::string& path) {
    const std::string name = path + "/PIDGE-STORE", fresh = name + ".new";
    const std::string text = fmt::format("{}{}\n", mark_begin, store_format);
    {
        const Descriptor file{
            ::open(fresh.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600)};
        if (file.number < 0 ||
            ::write(file.number, text.data(), text.size()) != static_cast<ssize_t>(text.size()) ||
            ::fsync(file.number) != 0)
            return refused_by_system(fmt::format("{} cannot be written", fresh), errno);
    }
    if (::rename(fresh.c_str(), name.c_str()) != 0 || !sync_directory(path))
        return refused_by_system(fmt::format("{} cannot be written", name), errno);
    return {};
}

Result<> check_mark(const std::string& path) {
    const std::string name = path + "/PIDGE-STORE";
    const Descriptor file{::open(name.c_str(), O_RDONLY | O_CLOEXEC)};
    char buffer[64];
    const ssize_t size = file.number < 0 ? -1 : ::read(file.number, buffer, sizeof buffer);
    if (size < 0) return refused_by_system(fmt::format("{} cannot be read", name), errno);
    std::string_view text = text::trim({buffer, static_cast<std::size_t>(size)});
    const bool is_mark = text.starts_with(mark_begin);
    const auto format = is_mark ? text::parse_u64(text.substr(mark_begin.size())) : std::nullopt;
    if (!format)
        return refused(Refusal::Kind::syntax,
                       fmt::format("{} is damaged; restore the store from its backup.", name));
    if (*format > store_format)
        return refused(
            Refusal::Kind::unsupported,
            fmt::format("The store in {} has format {}, made by a newer version of pidge; this one "
                        "reads up to format {}. Start the newer version.",
                        path, *format, store_format));
    return {};
}

}  // namespace

Result<> prepare_place(const std::string& path) {
    if (::mkdir(path.c_str(), 0700) == 0) {
        const auto slash = path.find_last_of('/');
        const std::string parent = slash == std::string::npos ? "." : path.substr(0, slash + 1);
        if (!sync_directory(parent))
            return refused_by_system(fmt::format("{} cannot be synced", parent), errno);
    } else if (errno != EEXIST) {
        return refused_by_system(fmt::format("The store's directory {} cannot be made", path),
                                 errno);
    }
    if (::access(path.c_str(), R_OK | W_OK | X_OK) != 0)
        return refused_by_system(
            fmt::format("The store's directory {} cannot be used by this user", path), errno);
    const Contents contents = TRY(look_into(path));
    TRY(check_space(path, contents.log_octets));
    if (!contents.has_mark) {
        if (contents.has_other)
            return refused(
                Refusal::Kind::conflict,
                fmt::format("{} holds other files and no pidge store; name an empty directory.",
                            path));
        return write_mark(path);
    }
    TRY(check_mark(path));
    if (contents.has_data && !contents.has_current)
        return refused(
            Refusal::Kind::conflict,
            fmt::format("The store in {} has lost its file CURRENT; restore it from its backup.",
                        path));
    return {};
}

std::vector<std::string> damaged_logs_in(const std::string& path) {
    std::vector<std::string> found;
    const std::unique_ptr<DIR, int (*)(DIR*)> directory(::opendir(path.c_str()), ::closedir);
    if (!directory) return found;
    while (const dirent* const entry = ::readdir(directory.get()))
        if (std::string_view(entry->d_name).ends_with(damaged_ending))
            found.emplace_back(entry->d_name);
    std::ranges::sort(found);
    return found;
}

}  // namespace pidge::store
