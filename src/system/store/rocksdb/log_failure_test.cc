#include <doctest/doctest.h>
#include <rocksdb/file_system.h>
#include <unistd.h>

#include <atomic>
#include <set>
#include <thread>

#include "system/store/rocksdb/rocks_table.h"
#include "system/store/rocksdb/testing/directory.h"

using namespace pidge;
using namespace pidge::store;
using pidge::store::testing::Directory;

namespace {

// Fails a sync of a log behind which there is a newer one: of one that is full.
class FullLogsFail final : public rocksdb::FileSystemWrapper {
 public:
    FullLogsFail() : rocksdb::FileSystemWrapper(rocksdb::FileSystem::Default()) {}
    const char* Name() const override { return "FullLogsFail"; }

    rocksdb::IOStatus NewWritableFile(const std::string& name, const rocksdb::FileOptions& options,
                                      std::unique_ptr<rocksdb::FSWritableFile>* file,
                                      rocksdb::IODebugContext* context) override {
        rocksdb::IOStatus status = target()->NewWritableFile(name, options, file, context);
        if (!status.ok()) return status;
        if (name.ends_with(".log")) *file = std::make_unique<Log>(*this, ++logs_, std::move(*file));
        return status;
    }

    std::atomic<int> hits = 0;
    bool breaks = false;

 private:
    class Log final : public rocksdb::FSWritableFileOwnerWrapper {
     public:
        Log(FullLogsFail& files, int number, std::unique_ptr<rocksdb::FSWritableFile> below)
            : rocksdb::FSWritableFileOwnerWrapper(std::move(below)),
              files_(files),
              number_(number) {}
        rocksdb::IOStatus Sync(const rocksdb::IOOptions& options,
                               rocksdb::IODebugContext* context) override {
            if (!files_.breaks || number_ == files_.logs_) return target()->Sync(options, context);
            // Time for another thread to come to the same log.
            std::this_thread::sleep_for(std::chrono::milliseconds(50));
            ++files_.hits;
            return rocksdb::IOStatus::IOError("the disk does not sync");
        }

     private:
        FullLogsFail& files_;
        const int number_;
    };
    std::atomic<int> logs_ = 0;
};

// Whether the table takes it.
bool put(RocksTable& table, int number, Durability durability) {
    const Bytes key = table_key(Space::queue, std::to_string(number));
    const Bytes value(20'000, 'v');
    const Write write{.kind = Write::Kind::put, .key = key, .value = value};
    try {
        table.write({&write, 1}, durability);
        return true;
    } catch (const Fault& fault) {
        CHECK(fault.why == Fault::Why::failed);
        return false;
    }
}

}  // namespace

TEST_CASE("[C4] A full log that cannot be synced is final, whichever thread meets it first") {
    const Directory directory;
    const std::string& path = directory.path;
    std::set<int> acknowledged;
    {
        const auto files = std::make_shared<FullLogsFail>();
        const auto table = RocksTable::open(
            {.path = path, .cache_bytes = 1 << 20, .memtable_bytes = 256 << 10}, files);
        REQUIRE(table.has_value());
        for (int i = 0; i < 20; ++i)
            if (put(**table, i, Durability::synced)) acknowledged.insert(i);
        CHECK(acknowledged.size() == 20);
        files->breaks = true;
        int number = 20;
        for (; number < 1000; ++number) {
            // Beside the log's own thread, as chunks of bodies are.
            (void)put(**table, 10'000 + number, Durability::later);
            if (!put(**table, number, Durability::synced)) break;
            acknowledged.insert(number);
        }
        CHECK(number < 1000);
        CHECK(files->hits > 0);
        CHECK_FALSE(put(**table, 2000, Durability::later));
        CHECK_FALSE(put(**table, 2001, Durability::synced));
        CHECK_FALSE((*table)->recover(Table::After::full));
    }
    {
        const auto again = RocksTable::open({.path = path, .cache_bytes = 1 << 20});
        REQUIRE(again.has_value());
        for (int number : acknowledged)
            CHECK((*again)
                      ->get(Space::queue, std::to_string(number), nullptr, Effort::may_wait)
                      ->has_value());
    }
}
