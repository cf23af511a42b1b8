// An exception out of RocksDB, which is not made for any (guarded.h).
#include <doctest/doctest.h>
#include <rocksdb/file_system.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <new>

#include "base/log.h"
#include "system/store/rocksdb/rocks_table.h"
#include "system/store/rocksdb/testing/directory.h"

using namespace pidge;
using namespace pidge::store;
using pidge::store::testing::Directory;

namespace {

// Memory runs out right after the log was written, or before a file is read.
class NoMemory final : public rocksdb::FileSystemWrapper {
 public:
    NoMemory() : rocksdb::FileSystemWrapper(rocksdb::FileSystem::Default()) {}
    const char* Name() const override { return "NoMemory"; }
    std::atomic<bool> at_writes = false, at_reads = false;

    rocksdb::IOStatus NewWritableFile(const std::string& name, const rocksdb::FileOptions& options,
                                      std::unique_ptr<rocksdb::FSWritableFile>* file,
                                      rocksdb::IODebugContext* context) override {
        rocksdb::IOStatus status = target()->NewWritableFile(name, options, file, context);
        if (status.ok() && name.ends_with(".log"))
            *file = std::make_unique<Log>(*this, std::move(*file));
        return status;
    }
    rocksdb::IOStatus NewRandomAccessFile(const std::string& name,
                                          const rocksdb::FileOptions& options,
                                          std::unique_ptr<rocksdb::FSRandomAccessFile>* file,
                                          rocksdb::IODebugContext* context) override {
        rocksdb::IOStatus status = target()->NewRandomAccessFile(name, options, file, context);
        if (status.ok()) *file = std::make_unique<Table>(*this, std::move(*file));
        return status;
    }

 private:
    class Log final : public rocksdb::FSWritableFileOwnerWrapper {
     public:
        Log(NoMemory& files, std::unique_ptr<rocksdb::FSWritableFile> below)
            : rocksdb::FSWritableFileOwnerWrapper(std::move(below)), files_(files) {}
        rocksdb::IOStatus Append(const rocksdb::Slice& octets, const rocksdb::IOOptions& options,
                                 rocksdb::IODebugContext* context) override {
            rocksdb::IOStatus status = target()->Append(octets, options, context);
            if (files_.at_writes.exchange(false)) throw std::bad_alloc();
            return status;
        }

     private:
        NoMemory& files_;
    };
    class Table final : public rocksdb::FSRandomAccessFileOwnerWrapper {
     public:
        Table(NoMemory& files, std::unique_ptr<rocksdb::FSRandomAccessFile> below)
            : rocksdb::FSRandomAccessFileOwnerWrapper(std::move(below)), files_(files) {}
        rocksdb::IOStatus Read(std::uint64_t at, std::size_t count,
                               const rocksdb::IOOptions& options, rocksdb::Slice* result,
                               char* scratch, rocksdb::IODebugContext* context) const override {
            if (files_.at_reads.exchange(false)) throw std::bad_alloc();
            return target()->Read(at, count, options, result, scratch, context);
        }

     private:
        NoMemory& files_;
    };
};

void put(RocksTable& table, const std::string& name) {
    const Bytes key = table_key(Space::queue, name);
    const Write write{.kind = Write::Kind::put, .key = key, .value = "value"};
    table.write({&write, 1}, Durability::synced);
}

bool has(RocksTable& table, const std::string& name) {
    return table.get(Space::queue, name, nullptr, Effort::may_wait)->has_value();
}

auto open(const std::string& path, std::shared_ptr<rocksdb::FileSystem> files = nullptr) {
    auto table = RocksTable::open({.path = path, .cache_bytes = 1 << 20}, files);
    REQUIRE(table.has_value());
    return *table;
}

// A new program in which memory runs out at `where`; its exit code.
int exit_code(const Directory& directory, const char* where) {
    const pid_t child = ::fork();
    REQUIRE(child >= 0);
    if (child == 0) {
        ::setenv("PIDGE_MEMORY_PATH", directory.path.c_str(), 1);
        ::setenv("PIDGE_MEMORY_ENDS", where, 1);
        ::execl("/proc/self/exe", "memory-child", "--test-case=The child of the tests of memory",
                "--no-skip", static_cast<char*>(nullptr));
        ::_exit(5);
    }
    int status = 0;
    REQUIRE(::waitpid(child, &status, 0) == child);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

constexpr int still_there = 3;

}  // namespace

TEST_CASE("The child of the tests of memory" * doctest::skip()) {
    const char* const path = std::getenv("PIDGE_MEMORY_PATH");
    if (path == nullptr) return;
    log::configure({.least = log::Level::error, .sink = [](std::string_view) {}});
    const std::string_view where = std::getenv("PIDGE_MEMORY_ENDS");
    const auto files = std::make_shared<NoMemory>();
    const auto table = open(path, files);
    try {
        if (where == "write") {
            put(*table, "one");
            files->at_writes = true;
            put(*table, "two");
        }
        files->at_reads = true;
        if (where == "get") has(*table, "one");
        if (where == "scan") table->scan(Space::queue, {}, nullptr, Effort::may_wait);
    } catch (...) {  // as nothing is to come out of RocksDB
    }
    std::_Exit(still_there);
}

TEST_CASE("[C4] The process ends where RocksDB runs out of memory in a write") {
    const Directory directory;
    CHECK(exit_code(directory, "write") == EXIT_FAILURE);
    const auto table = open(directory.path);
    CHECK(has(*table, "one"));
    CHECK(has(*table, "two"));  // once, which is lawful: nobody was told either
}

TEST_CASE("[C4] The process ends where RocksDB runs out of memory in a read") {
    const Directory directory;
    put(*open(directory.path), "one");
    // Opening puts the log into a file, which is read then.
    CHECK(exit_code(directory, "get") == EXIT_FAILURE);
    CHECK(exit_code(directory, "scan") == EXIT_FAILURE);
    CHECK(exit_code(directory, "nowhere") == still_there);
    CHECK(has(*open(directory.path), "one"));
}
