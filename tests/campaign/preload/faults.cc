// A preloaded library that makes system calls fail, wait or lie on command [C4, C6, C10].
//
// PIDGE_FAULT_CONTROL names a file that is mapped and shared with the campaign (preload.py knows
// the same layout): the campaign arms a fault there while the program runs, and reads there what
// was called and what was made to fail. PIDGE_FAULT_BELOW names a folder: calls on files count only
// if the files lie below it. Without PIDGE_FAULT_CONTROL the library does nothing.
//
// PIDGE_FAULT_TRACE=1 writes the stack of each call that is made to fail to standard error.
//
// Only what goes through the C library's exported functions is seen, which is all that pidge,
// RocksDB and OpenSSL do.
#include <dlfcn.h>
#include <execinfo.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdarg>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <new>

namespace {

// The order is that of CALLS in preload.py.
enum Call : std::uint64_t {
    call_none,
    call_open,
    call_write,
    call_pwrite,
    call_read,
    call_fsync,
    call_fdatasync,
    call_rename,
    call_link,
    call_unlink,
    call_ftruncate,
    call_fallocate,
    call_mkdir,
    call_accept,
    call_mmap,
    call_malloc,
    call_clock,
    calls
};

using Word = std::atomic<std::uint64_t>;

struct Control {
    Word magic;
    Word armed;        // Call
    Word error;        // errno; 0: half of the octets are written or read
    Word nth;          // from 1, counted since `seen` was set to 0
    Word is_lasting;   // the n-th and all after it
    Word seen, fired;  // calls of the armed kind; how many of them failed
    Word sync_delay_ms;
    Word is_stalled;                         // syncs wait until it is 0 again
    std::atomic<std::int64_t> clock_offset;  // nanoseconds, of the wall clock only
    Word syncs_begun, syncs_ended;
    Word reserved[4];
    Word count[calls];
};

constexpr std::uint64_t magic = 0x7069646765666c74;
constexpr int descriptors_max = 65536;

std::atomic<Control*> control{nullptr};
char below[512];
std::atomic<bool> is_watched[descriptors_max];  // descriptors of files that count

template <typename Function>
Function next(Function, const char* name) {
    return reinterpret_cast<Function>(::dlsym(RTLD_NEXT, name));
}
// The function that this one stands before. Looked up at the first call, which may be a
// constructor's.
#define NEXT(name) static const auto real = next(&::name, #name)

bool counts(const char* path) {
    return below[0] == 0 || std::strncmp(path, below, std::strlen(below)) == 0;
}

bool counts(int descriptor) {
    return descriptor >= 0 && descriptor < descriptors_max && is_watched[descriptor].load();
}

bool traces = false;

void trace() {
    static thread_local bool is_tracing = false;  // it allocates itself
    if (is_tracing) return;
    is_tracing = true;
    void* frames[64];
    ::backtrace_symbols_fd(frames, ::backtrace(frames, 64), STDERR_FILENO);
    is_tracing = false;
}

// Whether this call is the one; errno is set then, unless it is only to be cut short.
bool fails(Call call, bool* is_short = nullptr) {
    Control* const at = control.load(std::memory_order_acquire);
    if (at == nullptr) return false;
    at->count[call].fetch_add(1);
    if (at->armed.load() != call) return false;
    const std::uint64_t error = at->error.load();
    if (error == 0 && is_short == nullptr) return false;
    const std::uint64_t number = at->seen.fetch_add(1) + 1, nth = at->nth.load();
    if (number != nth && !(number > nth && at->is_lasting.load() != 0)) return false;
    at->fired.fetch_add(1);
    // Whoever maps memory is the allocator, and may hold the lock that a trace needs.
    if (traces && call != call_mmap) trace();
    if (error == 0)
        *is_short = true;
    else
        errno = static_cast<int>(error);
    return true;
}

void nap(long milliseconds) {
    const timespec time{milliseconds / 1000, milliseconds % 1000 * 1'000'000};
    ::nanosleep(&time, nullptr);
}

void wait_as_told() {
    Control* const at = control.load();
    if (at == nullptr) return;
    at->syncs_begun.fetch_add(1);
    if (const auto delay = at->sync_delay_ms.load(); delay != 0) nap(static_cast<long>(delay));
    while (at->is_stalled.load() != 0) nap(10);
}

void note_sync_end() {
    if (Control* const at = control.load()) at->syncs_ended.fetch_add(1);
}

int watched(int descriptor, const char* path) {
    if (descriptor >= 0 && descriptor < descriptors_max) is_watched[descriptor] = counts(path);
    return descriptor;
}

mode_t mode_of(int flags, va_list& arguments) {
    return (flags & (O_CREAT | __O_TMPFILE)) != 0 ? va_arg(arguments, mode_t) : 0;
}

[[gnu::constructor]] void begin() {
    const char* const path = std::getenv("PIDGE_FAULT_CONTROL");
    if (path == nullptr) return;
    traces = std::getenv("PIDGE_FAULT_TRACE") != nullptr;
    if (const char* const folder = std::getenv("PIDGE_FAULT_BELOW"))
        std::strncpy(below, folder, sizeof below - 1);
    const int file = ::open(path, O_RDWR | O_CLOEXEC);
    void* const place =
        file < 0 ? MAP_FAILED
                 : ::mmap(nullptr, sizeof(Control), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    // A campaign that believes in faults which never come proves nothing.
    if (place == MAP_FAILED || static_cast<Control*>(place)->magic.load() != magic) ::_exit(99);
    ::close(file);
    control.store(static_cast<Control*>(place), std::memory_order_release);
}

// Half of the octets, at least one.
size_t half(size_t size) {
    return size < 2 ? size : size / 2;
}

}  // namespace

extern "C" {

#define OPENING(name)                                    \
    int name(const char* path, int flags, ...) {         \
        NEXT(name);                                      \
        va_list arguments;                               \
        va_start(arguments, flags);                      \
        const mode_t mode = mode_of(flags, arguments);   \
        va_end(arguments);                               \
        if (counts(path) && fails(call_open)) return -1; \
        return watched(real(path, flags, mode), path);   \
    }
OPENING(open)
OPENING(open64)

#define OPENING_AT(name)                                       \
    int name(int folder, const char* path, int flags, ...) {   \
        NEXT(name);                                            \
        va_list arguments;                                     \
        va_start(arguments, flags);                            \
        const mode_t mode = mode_of(flags, arguments);         \
        va_end(arguments);                                     \
        if (counts(path) && fails(call_open)) return -1;       \
        return watched(real(folder, path, flags, mode), path); \
    }
OPENING_AT(openat)
OPENING_AT(openat64)

int close(int descriptor) {
    NEXT(close);
    if (descriptor >= 0 && descriptor < descriptors_max) is_watched[descriptor] = false;
    return real(descriptor);
}

ssize_t write(int descriptor, const void* octets, size_t size) {
    NEXT(write);
    bool is_short = false;
    if (counts(descriptor) && fails(call_write, &is_short)) {
        if (!is_short) return -1;
        size = half(size);
    }
    return real(descriptor, octets, size);
}

#define PWRITE(name, offset_type)                                                       \
    ssize_t name(int descriptor, const void* octets, size_t size, offset_type offset) { \
        NEXT(name);                                                                     \
        bool is_short = false;                                                          \
        if (counts(descriptor) && fails(call_pwrite, &is_short)) {                      \
            if (!is_short) return -1;                                                   \
            size = half(size);                                                          \
        }                                                                               \
        return real(descriptor, octets, size, offset);                                  \
    }
PWRITE(pwrite, off_t)
PWRITE(pwrite64, off64_t)

ssize_t read(int descriptor, void* octets, size_t size) {
    NEXT(read);
    bool is_short = false;
    if (counts(descriptor) && fails(call_read, &is_short)) {
        if (!is_short) return -1;
        size = half(size);
    }
    return real(descriptor, octets, size);
}

#define PREAD(name, offset_type)                                                  \
    ssize_t name(int descriptor, void* octets, size_t size, offset_type offset) { \
        NEXT(name);                                                               \
        bool is_short = false;                                                    \
        if (counts(descriptor) && fails(call_read, &is_short)) {                  \
            if (!is_short) return -1;                                             \
            size = half(size);                                                    \
        }                                                                         \
        return real(descriptor, octets, size, offset);                            \
    }
PREAD(pread, off_t)
PREAD(pread64, off64_t)

#define SYNC(name)                                        \
    int name(int descriptor) {                            \
        NEXT(name);                                       \
        if (!counts(descriptor)) return real(descriptor); \
        if (fails(call_##name)) return -1;                \
        wait_as_told();                                   \
        const int result = real(descriptor);              \
        note_sync_end();                                  \
        return result;                                    \
    }
SYNC(fsync)
SYNC(fdatasync)

int rename(const char* from, const char* to) {
    NEXT(rename);
    if (counts(to) && fails(call_rename)) return -1;
    return real(from, to);
}

int link(const char* from, const char* to) {
    NEXT(link);
    if (counts(to) && fails(call_link)) return -1;
    return real(from, to);
}

int unlink(const char* path) {
    NEXT(unlink);
    if (counts(path) && fails(call_unlink)) return -1;
    return real(path);
}

int unlinkat(int folder, const char* path, int flags) {
    NEXT(unlinkat);
    if (counts(path) && fails(call_unlink)) return -1;
    return real(folder, path, flags);
}

int mkdir(const char* path, mode_t mode) {
    NEXT(mkdir);
    if (counts(path) && fails(call_mkdir)) return -1;
    return real(path, mode);
}

#define TRUNCATION(name, offset_type)                               \
    int name(int descriptor, offset_type size) {                    \
        NEXT(name);                                                 \
        if (counts(descriptor) && fails(call_ftruncate)) return -1; \
        return real(descriptor, size);                              \
    }
TRUNCATION(ftruncate, off_t)
TRUNCATION(ftruncate64, off64_t)

#define ALLOCATION(name, offset_type)                                          \
    int name(int descriptor, int mode, offset_type offset, offset_type size) { \
        NEXT(name);                                                            \
        if (counts(descriptor) && fails(call_fallocate)) return -1;            \
        return real(descriptor, mode, offset, size);                           \
    }
ALLOCATION(fallocate, off_t)
ALLOCATION(fallocate64, off64_t)

int accept4(int descriptor, sockaddr* address, socklen_t* length, int flags) {
    NEXT(accept4);
    // What is counted is connections, not looks at an empty queue.
    const int accepted = real(descriptor, address, length, flags);
    if (accepted < 0) return accepted;
    if (fails(call_accept)) {
        const int error = errno;
        close(accepted);
        errno = error;
        return -1;
    }
    return watched(accepted, "");
}

#define MAPPING(name, offset_type)                                                  \
    void* name(void* place, size_t size, int protection, int flags, int descriptor, \
               offset_type offset) {                                                \
        NEXT(name);                                                                 \
        if (fails(call_mmap)) return MAP_FAILED;                                    \
        return real(place, size, protection, flags, descriptor, offset);            \
    }
MAPPING(mmap, off_t)
MAPPING(mmap64, off64_t)

void* malloc(size_t size) {
    NEXT(malloc);
    if (fails(call_malloc)) return nullptr;
    return real(size);
}

// The clock on the wall. What counts time, CLOCK_MONOTONIC, is never touched.
int clock_gettime(clockid_t clock, timespec* time) {
    NEXT(clock_gettime);
    const int result = real(clock, time);
    Control* const at = control.load(std::memory_order_acquire);
    if (result != 0 || at == nullptr || (clock != CLOCK_REALTIME && clock != CLOCK_REALTIME_COARSE))
        return result;
    at->count[call_clock].fetch_add(1);
    const std::int64_t offset = at->clock_offset.load();
    if (offset == 0) return result;
    std::int64_t nanoseconds = time->tv_nsec + offset % 1'000'000'000;
    time->tv_sec += offset / 1'000'000'000;
    if (nanoseconds < 0) {
        nanoseconds += 1'000'000'000;
        --time->tv_sec;
    } else if (nanoseconds >= 1'000'000'000) {
        nanoseconds -= 1'000'000'000;
        ++time->tv_sec;
    }
    time->tv_nsec = nanoseconds;
    return result;
}

time_t time(time_t* out) {
    timespec now{};
    clock_gettime(CLOCK_REALTIME, &now);
    if (out != nullptr) *out = now.tv_sec;
    return now.tv_sec;
}

int gettimeofday(timeval* out, void*) {
    timespec now{};
    clock_gettime(CLOCK_REALTIME, &now);
    out->tv_sec = now.tv_sec;
    out->tv_usec = now.tv_nsec / 1000;
    return 0;
}
}

// The allocator brings these too, and they would not come by malloc().
void* operator new(std::size_t size) {
    if (void* const place = malloc(size)) return place;
    throw std::bad_alloc();
}
void* operator new[](std::size_t size) {
    return operator new(size);
}
void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
    return malloc(size);
}
void* operator new[](std::size_t size, const std::nothrow_t&) noexcept {
    return malloc(size);
}
