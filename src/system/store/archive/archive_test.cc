#include "system/store/archive/archive.h"

#include <doctest/doctest.h>

#include "system/net/blocking.h"
#include "system/store/archive/transfer.h"
#include "system/store/memory/memory_store.h"

using namespace pidge;
using namespace pidge::store;

namespace {

WallTime noon() {
    return WallTime(std::chrono::sys_days(std::chrono::year(2026) / 11 / 21));
}

bool go_on(const Progress&) {
    return true;
}

ArchiveReader::Read reader_of(const Bytes& archive) {
    return [&archive, at = std::size_t{0}](std::size_t count) mutable {
        const Bytes piece = archive.substr(std::min(at, archive.size()), count);
        at += piece.size();
        return piece;
    };
}

struct Place {
    ManualClock clock{noon()};
    std::unique_ptr<Store> store = open_memory(clock);

    template <typename T>
    T run(net::Task<T> task) {
        return net::run_blocking(std::move(task));
    }
    void commit(Change change) { REQUIRE(run(store->commit(std::move(change)))); }
    Bytes exported(ArchiveTotals* totals = nullptr, std::string id = "a1") {
        Bytes archive;
        const auto done = run(export_store(
            *store, {.id = std::move(id), .made = noon(), .version = "1", .host = "mx.site.test"},
            [&archive](std::string_view octets) { archive += octets; }, go_on));
        REQUIRE(done);
        if (totals != nullptr) *totals = *done;
        return archive;
    }
    Result<Imported> import(const Bytes& archive, Existing existing = Existing::refuse,
                            OnProgress progress = go_on) {
        return run(import_archive(*store, reader_of(archive), existing, std::move(progress)));
    }
};

// Every kind of record that the contract can make: counters, logs, bodies small and large, due
// work.
void fill(Place& place, int entries) {
    for (int i = 0; i < entries; ++i) {
        Change change;
        change.put(Space::queue, "entry" + std::to_string(i), Bytes(300, 'e'));
        change.schedule({}, noon(), "entry" + std::to_string(i));
        change.append("audit.site/n1", "entry " + std::to_string(i));
        change.add(Space::counter, "state", 1);
        change.set_token("token" + std::to_string(i));
        place.commit(std::move(change));
    }
    const auto writer = place.store->write_blob();
    place.run(writer->write(Bytes(700'000, 'b')));
    Change change;
    change.hold(place.run(writer->finish()));
    change.put(Space::meta, Bytes("\0\xff", 2), "");
    place.commit(std::move(change));
}

}  // namespace

TEST_CASE("[J28] A store comes out of its archive as it went in, octet for octet") {
    Place from, to;
    fill(from, 5000);
    ArchiveTotals totals;
    const Bytes archive = from.exported(&totals);
    const auto imported = to.import(archive);
    REQUIRE(imported);
    CHECK(imported->totals.digest == totals.digest);
    CHECK(imported->totals.records == totals.records);
    CHECK(to.exported() == archive);
    for (const SpaceInfo& info : spaces()) {
        const auto before = from.run(from.store->scan(info.space, {.limit = 100'000}));
        const auto after = to.run(to.store->scan(info.space, {.limit = 100'000}));
        REQUIRE(before.size() == after.size());
        for (std::size_t i = 0; i < before.size(); ++i) {
            REQUIRE(before[i].key == after[i].key);
            REQUIRE(before[i].value == after[i].value);
        }
    }
}

TEST_CASE("An archive that is cut anywhere is told from a whole one") {
    Place from;
    fill(from, 3);
    const Bytes archive = from.exported();
    REQUIRE(check_archive(reader_of(archive), go_on));
    for (std::size_t size = 0; size < archive.size();
         size += size + 2000 < archive.size() && size > 2000 ? 997 : 1) {
        const Bytes cut = archive.substr(0, size);
        const auto checked = check_archive(reader_of(cut), go_on);
        REQUIRE_FALSE(checked);
        CHECK(checked.error().text.find("in the middle") != std::string::npos);
    }
    CHECK_FALSE(check_archive(reader_of(archive + "x"), go_on));
}

TEST_CASE("An archive with one altered octet is told from a whole one") {
    Place from;
    Change change;
    change.put(Space::domain, "site.test", "record");
    change.put(Space::queue, "q", "entry");
    from.commit(std::move(change));
    const Bytes archive = from.exported();
    for (std::size_t at = 0; at < archive.size(); ++at)
        for (const int bit : {1, 128}) {
            Bytes altered = archive;
            altered[at] = static_cast<char>(altered[at] ^ bit);
            CHECK_FALSE(check_archive(reader_of(altered), go_on));
        }
}

TEST_CASE("An archive of a later format, or none at all, is refused by name") {
    const Bytes later = "pidge store archive, format 2\n" + Bytes(100, 'x');
    const auto refused = check_archive(reader_of(later), go_on);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().text.find("another format (2)") != std::string::npos);
    const Bytes other(1000, 'x');
    CHECK(check_archive(reader_of(other), go_on).error().text ==
          "This is no archive of a pidge store.");
}

TEST_CASE("An import into a store that holds something is refused, and erases it when told to") {
    Place from, to;
    fill(from, 10);
    const Bytes archive = from.exported();
    Change change;
    change.put(Space::domain, "other.test", "record");
    to.commit(std::move(change));
    const auto refused = to.import(archive);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().text.find("\"domain\"") != std::string::npos);
    REQUIRE(to.import(archive, Existing::erase));
    CHECK(to.exported() == archive);
}

TEST_CASE("An interrupted import makes no store, and goes on where it stopped") {
    Place from, to;
    fill(from, 9000);
    const Bytes archive = from.exported();
    int frames = 0;
    const auto stopped =
        to.import(archive, Existing::refuse, [&frames](const Progress&) { return ++frames < 3; });
    REQUIRE_FALSE(stopped);
    CHECK(stopped.error().code == interrupted_code);
    CHECK(to.run(unfinished_import(*to.store)).has_value());
    // Nobody takes it for a store, and no other archive goes on top of it.
    const auto exported =
        to.run(export_store(*to.store, {.id = "a2"}, [](std::string_view) {}, go_on));
    CHECK_FALSE(exported);
    CHECK_FALSE(to.import(from.exported(nullptr, "a3")));

    const auto done = to.import(archive);
    REQUIRE(done);
    CHECK(done->resumed_at > 0);
    CHECK_FALSE(to.run(unfinished_import(*to.store)).has_value());
    CHECK(to.exported() == archive);
}

TEST_CASE("An import of a damaged archive never ends as a store") {
    Place from, to;
    fill(from, 9000);
    Bytes archive = from.exported();
    archive[archive.size() - 100'000] ^= 1;
    REQUIRE_FALSE(to.import(archive));
    CHECK(to.run(unfinished_import(*to.store)).has_value());
}
