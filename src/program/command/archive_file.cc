#include "program/command/archive_file.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <system_error>
#include <utility>

#include <fmt/format.h>

#include "program/command/progress.h"
#include "system/store/store.h"

namespace pidge::command {
namespace {

constexpr mode_t owner_only = 0600;
constexpr int look_interval_ms = 200;

std::string reason() {
    return std::generic_category().message(errno);
}

// A call that a signal broke off is made again, unless the signal asks us to stop.
bool is_to_repeat() {
    return errno == EINTR && !is_stop_wanted();
}

[[noreturn]] void fail(const char* what) {
    if (errno == EINTR) throw store::Fault(store::Fault::Why::unavailable, "Interrupted.");
    const auto why = errno == ENOSPC || errno == EDQUOT ? store::Fault::Why::full
                                                        : store::Fault::Why::unavailable;
    throw store::Fault(why, fmt::format("The archive cannot be {}: {}.", what, reason()));
}

Refusal refusal(std::string text) {
    return {.kind = Refusal::Kind::policy, .text = std::move(text)};
}

void sync_folder(const std::string& path) {
    const std::size_t slash = path.rfind('/');
    const std::string folder = slash == std::string::npos ? "." : path.substr(0, slash + 1);
    const int fd = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) return;  // the file itself is synced
    (void)::fsync(fd);
    ::close(fd);
}

bool is_there(const std::string& path) {
    struct stat status{};
    return ::lstat(path.c_str(), &status) == 0;
}

std::string exists_already(const std::string& path) {
    return fmt::format("{} exists already; name another file.", path);
}

// Whether the file is ours alone from now on: no other process has it locked, nor has one given it
// its last name, or removed it, since it was opened. Where files cannot be locked it counts as
// ours.
bool is_taken(int fd, const std::string& partial) {
    if (::flock(fd, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK) return false;
    struct stat open{}, named{};
    return ::fstat(fd, &open) == 0 && ::lstat(partial.c_str(), &named) == 0 &&
           open.st_dev == named.st_dev && open.st_ino == named.st_ino;
}

}  // namespace

OutputFile::OutputFile(std::string path, std::string partial, int fd)
    : path_(std::move(path)), partial_(std::move(partial)), fd_(fd) {}

OutputFile::OutputFile(OutputFile&& other) noexcept
    : path_(std::move(other.path_)),
      partial_(std::move(other.partial_)),
      fd_(std::exchange(other.fd_, -1)) {}

Result<OutputFile> OutputFile::create(const std::string& path) {
    if (path == "-") return OutputFile({}, {}, STDOUT_FILENO);
    if (path.empty()) return refusal("The archive needs a name; \"-\" is standard output.");
    if (is_there(path)) return refusal(exists_already(path));
    std::string partial = path + ".partial";
    const int fd = ::open(partial.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, owner_only);
    if (fd < 0) return refusal(fmt::format("{} cannot be written: {}.", partial, reason()));
    if (!is_taken(fd, partial)) {
        ::close(fd);
        return refusal(fmt::format(
            "{} is being written by another export; wait for its end, or name another file.",
            partial));
    }
    OutputFile file(path, std::move(partial), fd);
    if (is_there(path)) return refusal(exists_already(path));  // by now
    if (::ftruncate(fd, 0) != 0)
        return refusal(fmt::format("{} cannot be written: {}.", file.partial_, reason()));
    return file;
}

OutputFile::~OutputFile() {
    if (fd_ < 0 || path_.empty()) return;
    ::unlink(partial_.c_str());  // while it is locked: later it may be another's
    ::close(fd_);
}

void OutputFile::write(std::string_view octets) {
    while (!octets.empty()) {
        const ssize_t written = ::write(fd_, octets.data(), octets.size());
        if (written < 0 && is_to_repeat()) continue;
        if (written < 0) fail("written");
        octets.remove_prefix(static_cast<std::size_t>(written));
    }
}

void OutputFile::keep() {
    if (path_.empty()) return;
    if (::fsync(fd_) != 0) fail("written");
    if (::rename(partial_.c_str(), path_.c_str()) != 0) fail("named");
    ::close(std::exchange(fd_, -1));
    sync_folder(path_);
}

Result<InputFile> InputFile::open(const std::string& path) {
    InputFile file(path == "-" ? ::dup(STDIN_FILENO) : ::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (file.fd_ < 0) return refusal(fmt::format("{} cannot be read: {}.", path, reason()));
    struct stat status{};
    if (::fstat(file.fd_, &status) == 0 && S_ISREG(status.st_mode) && path != "-")
        file.size_bytes_ = static_cast<std::uint64_t>(status.st_size);
    return file;
}

InputFile::InputFile(InputFile&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)), size_bytes_(other.size_bytes_) {}

InputFile::~InputFile() {
    if (fd_ >= 0) ::close(fd_);
}

Bytes InputFile::read(std::size_t count) {
    Bytes octets(count, '\0');
    for (;;) {
        // A signal may reach any thread, so that it need not break off a read of a silent pipe.
        pollfd waiting{.fd = fd_, .events = POLLIN, .revents = 0};
        const int ready = ::poll(&waiting, 1, look_interval_ms);
        if (is_stop_wanted()) {
            errno = EINTR;
            fail("read");
        }
        if (ready == 0) continue;
        const ssize_t got = ::read(fd_, octets.data(), octets.size());
        if (got < 0 && is_to_repeat()) continue;
        if (got < 0) fail("read");
        octets.resize(static_cast<std::size_t>(got));
        return octets;
    }
}

void InputFile::rewind() {
    if (::lseek(fd_, 0, SEEK_SET) != 0) fail("read");
}

}  // namespace pidge::command
