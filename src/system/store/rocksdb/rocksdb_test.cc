#include <doctest/doctest.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <thread>

#include "system/store/conformance/fixture.h"
#include "system/store/rocksdb/rocks_store.h"
#include "system/store/rocksdb/testing/directory.h"

using namespace pidge;
using namespace pidge::store;
using pidge::store::testing::Directory;

namespace {

std::unique_ptr<Store> open_small(const std::string& path, const Clock& clock) {
    // Small, so that files change often.
    auto store =
        open_rocksdb({.path = path, .cache_bytes = 1 << 20, .memtable_bytes = 2 << 20}, clock);
    if (!store) FAIL(store.error().text);
    return *std::move(store);
}

class RocksSite final : public conformance::Site {
 public:
    std::unique_ptr<Store> open(const Clock& clock) override { return open_small(path(), clock); }
    std::string path() const override { return directory_.path + "/store"; }

 private:
    Directory directory_;
};

}  // namespace

std::unique_ptr<conformance::Site> conformance::make_site() {
    return std::make_unique<RocksSite>();
}

std::unique_ptr<Store> conformance::open_at(const std::string& path, const Clock& clock) {
    return open_small(path, clock);
}

TEST_CASE("A store in use is not opened a second time, and the refusal says so") {
    const Directory directory;
    const auto store = open_rocksdb({.path = directory.path + "/store"});
    REQUIRE(store.has_value());
    const auto second = open_rocksdb({.path = directory.path + "/store/"});
    REQUIRE_FALSE(second.has_value());
    CHECK(second.error().kind == Refusal::Kind::conflict);
    CHECK(second.error().text.find("in use") != std::string::npos);
}

TEST_CASE("A directory with other files is not taken over") {
    const Directory directory;
    std::ofstream(directory.path + "/CURRENT") << "MANIFEST-000001\n";
    const auto store = open_rocksdb({.path = directory.path});
    REQUIRE_FALSE(store.has_value());
    CHECK(store.error().text.find("no pidge store") != std::string::npos);
    CHECK_FALSE(std::filesystem::exists(directory.path + "/PIDGE-STORE"));
}

TEST_CASE("A store of a newer format is refused by its number") {
    const Directory directory;
    REQUIRE(open_rocksdb({.path = directory.path}).has_value());
    std::ofstream(directory.path + "/PIDGE-STORE") << "pidge store, format 2\n";
    const auto store = open_rocksdb({.path = directory.path});
    REQUIRE_FALSE(store.has_value());
    CHECK(store.error().kind == Refusal::Kind::unsupported);
    CHECK(store.error().text.find("newer version") != std::string::npos);
    std::ofstream(directory.path + "/PIDGE-STORE") << "something else";
    CHECK(open_rocksdb({.path = directory.path}).error().kind == Refusal::Kind::syntax);
}

TEST_CASE("A store that lost its root file is refused, not begun anew") {
    const Directory directory;
    {
        const auto store = open_small(directory.path, system_clock());
        Change change;
        for (int i = 0; i < 4000; ++i)
            change.put(Space::domain, std::to_string(i), Bytes(1000, 'x'));
        net::run_blocking(store->commit(std::move(change)));
    }
    {
        const auto store = open_small(directory.path, system_clock());
    }
    std::filesystem::remove(directory.path + "/CURRENT");
    const auto store = open_rocksdb({.path = directory.path});
    REQUIRE_FALSE(store.has_value());
    CHECK(store.error().text.find("CURRENT") != std::string::npos);
}

TEST_CASE("A missing parent and a path that is a file are refused") {
    const Directory directory;
    CHECK(open_rocksdb({.path = directory.path + "/none/store"}).error().kind ==
          Refusal::Kind::not_found);
    std::ofstream(directory.path + "/file") << "x";
    CHECK_FALSE(open_rocksdb({.path = directory.path + "/file"}).has_value());
}

TEST_CASE("A directory that this user may not use is refused") {
    if (::geteuid() == 0) {
        MESSAGE("not run: root may use every directory");
        return;
    }
    const Directory directory;
    REQUIRE(::chmod(directory.path.c_str(), 0500) == 0);
    CHECK(open_rocksdb({.path = directory.path}).error().kind == Refusal::Kind::policy);
}

namespace {

// A file system of 48 MB, or why there is none.
class SmallDisk {
 public:
    SmallDisk() {
        if (::geteuid() != 0 ||
            ::mount("none", directory_.path.c_str(), "tmpfs", 0, "size=48m") != 0)
            return;
        is_mounted = true;
    }
    ~SmallDisk() {
        if (is_mounted) ::umount2(directory_.path.c_str(), MNT_DETACH);
    }
    std::string path() const { return directory_.path; }
    void fill() {
        std::ofstream filler(path() + "/filler", std::ios::binary);
        const std::string block(64 << 10, 'f');
        while (filler.write(block.data(), static_cast<std::streamsize>(block.size())).flush()) {
        }
    }
    void make_space() { std::filesystem::remove(path() + "/filler"); }
    bool is_mounted = false;

 private:
    Directory directory_;
};

}  // namespace

TEST_CASE(
    "A full disk refuses changes, keeps what was acknowledged, and takes changes again once there "
    "is space") {
    SmallDisk disk;
    if (!disk.is_mounted) {
        MESSAGE("not run: only root may mount a small file system");
        return;
    }
    auto store = open_small(disk.path() + "/store", system_clock());
    std::size_t acknowledged = 0;
    const auto put = [&] {
        Change change;
        change.put(Space::queue, conformance::number_octets(acknowledged), Bytes(20'000, 'v'));
        change.append("log", "entry");
        net::run_blocking(store->commit(std::move(change)));
        ++acknowledged;
    };
    const auto is_full = [&] {
        try {
            put();
            return false;
        } catch (const Fault& fault) {
            CHECK(fault.why == Fault::Why::full);
            return true;
        }
    };
    for (int i = 0; i < 20; ++i) put();
    CHECK(store->health().state == Health::State::good);
    disk.fill();
    bool was_full = false;
    for (int i = 0; i < 5000 && !was_full; ++i) was_full = is_full();
    REQUIRE(was_full);
    CHECK(is_full());
    CHECK(store->health().state == Health::State::low_space);
    CHECK(conformance::verify_log(*store, "log") == acknowledged);

    disk.make_space();
    bool is_back = false;
    for (int i = 0; i < 100 && !is_back; ++i) {
        std::this_thread::sleep_for(std::chrono::milliseconds(100));
        is_back = !is_full();
    }
    CHECK(is_back);
    for (int i = 0; i < 20; ++i) put();
    CHECK(conformance::verify_log(*store, "log") == acknowledged);
    store.reset();
    store = open_small(disk.path() + "/store", system_clock());
    CHECK(conformance::verify_log(*store, "log") == acknowledged);
    store.reset();
}

TEST_CASE("[C5] A start on a full disk is refused with the reason, and works once there is space") {
    SmallDisk disk;
    if (!disk.is_mounted) {
        MESSAGE("not run: only root may mount a small file system");
        return;
    }
    open_small(disk.path() + "/store", system_clock()).reset();
    disk.fill();
    const auto refused = open_rocksdb({.path = disk.path() + "/store"});
    REQUIRE_FALSE(refused.has_value());
    CHECK(refused.error().kind == Refusal::Kind::temporary);
    CHECK(refused.error().text.find("is full") != std::string::npos);
    disk.make_space();
    CHECK(open_rocksdb({.path = disk.path() + "/store"}).has_value());
}
