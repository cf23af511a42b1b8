// What a power cut may leave of the embedded engine's files, made by hand.
#include <doctest/doctest.h>
#include <rocksdb/file_system.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <system_error>

#include "system/store/rocksdb/log_record.h"
#include "system/store/rocksdb/rocks_table.h"
#include "system/store/rocksdb/testing/directory.h"
#include "system/store/rocksdb/until_hole.h"
#include "system/store/rocksdb/whole_file.h"

using namespace pidge;
using namespace pidge::store;
using pidge::store::testing::Directory;

namespace {

constexpr std::size_t block_bytes = log_block_bytes;

// The only file there whose name ends so.
std::string only(const Directory& directory, std::string_view ending) {
    std::vector<std::string> found;
    for (const auto& entry : std::filesystem::directory_iterator(directory.path))
        if (entry.path().string().ends_with(ending)) found.push_back(entry.path());
    REQUIRE(found.size() == 1);
    return found[0];
}

std::string content(const std::string& name) {
    std::ifstream file(name, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

void overwrite(const std::string& name, std::string_view octets) {
    std::ofstream(name, std::ios::binary) << octets;
}

std::string until_hole(const std::string& name, std::size_t step_bytes = block_bytes) {
    std::unique_ptr<rocksdb::FSSequentialFile> file;
    REQUIRE(rocksdb::FileSystem::Default()->NewSequentialFile(name, {}, &file, nullptr).ok());
    UntilHole log(std::move(file));
    std::string all, scratch(step_bytes, '\0');
    for (;;) {
        rocksdb::Slice read;
        REQUIRE(log.Read(step_bytes, {}, &read, scratch.data(), nullptr).ok());
        if (read.empty()) return all;
        all.append(read.data(), read.size());
    }
}

// Each in a log record of its own.
void put(RocksTable& table, int number, std::size_t size_bytes) {
    const Bytes key = table_key(Space::queue, std::to_string(number));
    const Bytes value(size_bytes, 'v');
    const Write write{.kind = Write::Kind::put, .key = key, .value = value};
    table.write({&write, 1}, Durability::synced);
}

std::vector<int> numbers_in(RocksTable& table, int below) {
    std::vector<int> found;
    for (int number = 0; number < below; ++number)
        if (*table.get(Space::queue, std::to_string(number), nullptr, Effort::may_wait))
            found.push_back(number);
    return found;
}

auto open(const Directory& directory) {
    auto table = RocksTable::open({.path = directory.path, .cache_bytes = 1 << 20});
    REQUIRE(table.has_value());
    return *table;
}

// As a process that ends without closing its table leaves them.
void copy_files(const Directory& from, const Directory& to) {
    for (const auto& file : std::filesystem::directory_iterator(from.path)) {
        std::error_code error;
        std::filesystem::copy_file(file, std::filesystem::path(to.path) / file.path().filename(),
                                   error);
        // What was needed to open the table alone, RocksDB throws away behind it.
        REQUIRE((!error || error == std::errc::no_such_file_or_directory));
    }
}

// A store whose process ended without closing it: `count` records of 10,000 octets, all in the log.
void leave_log(const Directory& from, const Directory& to, int count) {
    const auto table = open(from);
    for (int number = 0; number < count; ++number) put(*table, number, 10'000);
    copy_files(from, to);
}

}  // namespace

TEST_CASE("[C3] A log is replayed up to a hole, not behind it") {
    const Directory from, to;
    leave_log(from, to, 40);
    const std::string name = only(to, ".log"), whole = content(name);
    REQUIRE(whole.size() > 12 * block_bytes);
    CHECK(until_hole(name) == whole);
    CHECK(until_hole(name, 1000) == whole);
    CHECK(until_hole(name, 5) == whole);

    // Zeros from where a record begins to a block's end are what RocksDB would pass over.
    std::string holed = whole;
    const auto zero = [&](std::size_t begin, std::size_t end) {
        std::fill(holed.begin() + static_cast<std::ptrdiff_t>(begin),
                  holed.begin() + static_cast<std::ptrdiff_t>(end), '\0');
    };
    SUBCASE("at its beginning") {
        zero(0, block_bytes);
        overwrite(name, holed);
        CHECK(until_hole(name).empty());
        CHECK(until_hole(name, 1000).size() < block_bytes);
        CHECK(numbers_in(*open(to), 40).empty());
    }
    SUBCASE("over a few blocks in its middle") {
        zero(4 * block_bytes, 7 * block_bytes);
        overwrite(name, holed);
        const auto found = numbers_in(*open(to), 40);
        CHECK(found.size() > 8);
        CHECK(found.size() < 14);
        CHECK(found.back() == static_cast<int>(found.size()) - 1);  // a prefix
    }
    SUBCASE("from a record's first octet") {
        // The first record begins the log; the second follows it.
        const std::size_t second = 7 + std::size_t(static_cast<unsigned char>(whole[4])) +
                                   (std::size_t(static_cast<unsigned char>(whole[5])) << 8U);
        zero(second, block_bytes);
        overwrite(name, holed);
        CHECK(until_hole(name) == whole.substr(0, second));
        CHECK(numbers_in(*open(to), 40) == std::vector<int>{0});
    }
}

// Of each record of a log, where it begins.
std::vector<std::size_t> records_of(std::string_view log) {
    std::vector<std::size_t> found;
    for (std::size_t at = 0; at + 7 <= log.size();) {
        if (block_bytes - at % block_bytes < 7) at += block_bytes - at % block_bytes;
        found.push_back(at);
        const LogRecordHeader header(log.substr(at, LogRecordHeader::size_bytes));
        at += LogRecordHeader::size_bytes + header.length;
    }
    return found;
}

TEST_CASE("[C3] [J23] A log that was altered in front of synced records is told from a torn one") {
    const Directory from, to;
    leave_log(from, to, 40);
    const std::string name = only(to, ".log"), whole = content(name);
    const std::vector<std::size_t> records = records_of(whole);
    const auto is_kept = [&] { return std::filesystem::exists(name + ".damaged"); };
    std::string altered = whole;
    SUBCASE("one octet, anywhere but in the last two batches") {
        for (const std::size_t at : {std::size_t{0}, std::size_t{3}, std::size_t{500},
                                     4 * block_bytes + 100, records[records.size() - 8]}) {
            altered = whole;
            altered[at] = static_cast<char>(altered[at] ^ 0x20);
            const Directory copy;
            copy_files(to, copy);
            const std::string log = only(copy, ".log");
            overwrite(log, altered);
            CHECK_FALSE(open(copy)->loss().empty());
            CHECK(content(log + ".damaged") == altered);
            CHECK(open(copy)->loss().starts_with("found at an earlier opening"));
            std::filesystem::remove(log + ".damaged");
            CHECK(open(copy)->loss().empty());
        }
    }
    SUBCASE("blocks of zeros") {
        std::fill_n(altered.begin() + 2 * block_bytes, block_bytes, '\0');
        overwrite(name, altered);
        CHECK_FALSE(open(to)->loss().empty());
        CHECK(is_kept());
    }
    SUBCASE("nothing") {
        CHECK(open(to)->loss().empty());
        CHECK_FALSE(is_kept());
    }
    SUBCASE("cut anywhere, it is a torn one") {
        for (const std::size_t end : {std::size_t{0}, std::size_t{5}, std::size_t{5000},
                                      block_bytes, block_bytes + 3, whole.size() - 1}) {
            const Directory copy;
            copy_files(to, copy);
            overwrite(only(copy, ".log"), whole.substr(0, end));
            CHECK(open(copy)->loss().empty());
        }
    }
    SUBCASE("what was being synced may be there in any part") {
        // The last batch lies in two records; the sync of all before it is through.
        REQUIRE(records.size() > 50);
        for (std::size_t i = records.size() - 2; i < records.size(); ++i) {
            altered = whole;
            altered[records[i] + 20] = '\0';
            const Directory copy;
            copy_files(to, copy);
            overwrite(only(copy, ".log"), altered);
            CHECK(open(copy)->loss().empty());
        }
    }
}

TEST_CASE("[C3] [J23] What is written ahead of a sync may be torn in any order") {
    const Directory from, to;
    {
        const auto table = open(from);
        put(*table, 0, 100);
        for (int number = 1; number < 30; ++number) {
            const Bytes key = table_key(Space::chunk, std::to_string(number)), value(3000, 'c');
            const Write write{.kind = Write::Kind::put, .key = key, .value = value};
            table->write({&write, 1}, Durability::later);
        }
        put(*table, 1, 100);
        copy_files(from, to);
    }
    const std::string name = only(to, ".log"), whole = content(name);
    const std::vector<std::size_t> records = records_of(whole);
    std::string torn = whole;
    torn[records[5]] = static_cast<char>(torn[records[5]] ^ 1);
    overwrite(name, torn);
    const auto table = open(to);
    CHECK(table->loss().empty());
    CHECK(numbers_in(*table, 2) == std::vector<int>{0});
}

TEST_CASE("[C3] [J23] A log that ends before the next one begins has lost what was synced") {
    for (const bool is_cut : {false, true}) {
        const Directory directory;
        const RocksOptions options{
            .path = directory.path, .cache_bytes = 1 << 20, .memtable_bytes = 256 << 10};
        {
            const auto table = RocksTable::open(options);
            REQUIRE(table.has_value());
            // Of another family, so that the first log is needed still when the next ones begin.
            const Bytes key = table_key(Space::audit, "entry");
            const Write write{.kind = Write::Kind::put, .key = key, .value = "value"};
            (*table)->write({&write, 1}, Durability::synced);
            for (int number = 0; number < 40; ++number) put(**table, number, 10'000);
        }
        std::vector<std::string> logs;
        for (const auto& entry : std::filesystem::directory_iterator(directory.path))
            if (entry.path().string().ends_with(".log")) logs.push_back(entry.path());
        REQUIRE(logs.size() >= 2);
        const std::string first = *std::ranges::min_element(logs), whole = content(first);
        if (is_cut) overwrite(first, whole.substr(0, records_of(whole)[4]));
        const auto table = RocksTable::open(options);
        REQUIRE(table.has_value());
        CHECK((*table)->loss().empty() != is_cut);
        CHECK(std::filesystem::exists(first + ".damaged") == is_cut);
    }
}

TEST_CASE("[C3] A file that is replaced as a whole holds what was synced last") {
    const Directory directory;
    const std::string name = directory.path + "/MANIFEST-000007", spare = directory.path + "/spare";
    WholeFile file(*rocksdb::FileSystem::Default(), name, spare, {});
    const rocksdb::IOOptions options;
    CHECK(file.Append("one", options, nullptr).ok());
    CHECK_FALSE(std::filesystem::exists(name));
    CHECK(file.Sync(options, nullptr).ok());
    CHECK(content(name) == "one");
    CHECK(file.Append(" two", options, nullptr).ok());
    CHECK(file.GetFileSize(options, nullptr) == 7);
    CHECK(content(name) == "one");
    // Nothing can be written: the file is as it was, and the next sync may succeed.
    std::filesystem::create_directory(spare);
    CHECK_FALSE(file.Sync(options, nullptr).ok());
    CHECK(content(name) == "one");
    std::filesystem::remove(spare);
    CHECK(file.Sync(options, nullptr).ok());
    CHECK(content(name) == "one two");
    CHECK_FALSE(std::filesystem::exists(spare));
    CHECK(file.Close(options, nullptr).ok());
}

TEST_CASE("[C3] Half a MANIFEST that a cut left beside the whole one is no harm") {
    const Directory from, to;
    leave_log(from, to, 3);
    overwrite(to.path + "/MANIFEST.new", std::string(5000, '\0'));
    const auto table = open(to);
    CHECK(numbers_in(*table, 3).size() == 3);
    CHECK_FALSE(std::filesystem::exists(to.path + "/MANIFEST.new"));
}
