// The conformance suite on a store whose large bodies lie in a bucket, and what goes wrong there.
#include <doctest/doctest.h>

#include <thread>

#include "system/store/blob_record.h"
#include "system/store/conformance/fixture.h"
#include "system/store/limits.h"
#include "system/store/memory/memory_disk.h"
#include "system/store/objects/object_table.h"
#include "system/store/objects/testing/test_bucket.h"
#include "system/store/table_store.h"

using namespace pidge;
using namespace pidge::store;
using conformance::Fixture;
using conformance::random_bytes;

namespace {

const TestBucket& stand_in() {
    static const TestBucket one;
    return one;
}

// Rows in memory, all chunks of uploads in the bucket.
struct Parts {
    std::shared_ptr<MemoryDisk> disk = std::make_shared<MemoryDisk>();
    BucketOptions options = stand_in().options();

    std::shared_ptr<ObjectTable> table(const Clock& clock) const {
        return std::make_shared<ObjectTable>(
            disk, ObjectStore{std::make_shared<Bucket>(options), 0}, clock);
    }
    std::unique_ptr<Store> open(const Clock& clock) const {
        Engine engine = embedded_engine(table(clock), clock);
        engine.users = Engine::Users::several;
        engine.body_threads = 4;
        return std::make_unique<TableStore>(std::move(engine), clock);
    }
};

class BucketSite final : public conformance::Site {
 public:
    BucketSite() {
        static int last = 0;
        parts_.options.prefix = "site" + std::to_string(++last) + "/";
    }
    std::unique_ptr<Store> open(const Clock& clock) override { return parts_.open(clock); }
    Users users() const override { return Users::several; }

 private:
    Parts parts_;
};

Change holding(const Blob& blob) {
    Change change;
    change.hold(blob);
    return change;
}

net::Task<Blob> write(Store& store, const Bytes& bytes) {
    const auto writer = store.write_blob();
    co_await writer->write(bytes);
    co_return co_await writer->finish();
}

net::Task<Bytes> read(Store& store, BlobId id) {
    const auto reader = co_await store.open_blob(id);
    Bytes bytes;
    while (bytes.size() < reader->size_bytes())
        bytes += co_await reader->read(bytes.size(), 1 << 20);
    co_return bytes;
}

// One store with its own prefix.
struct Case {
    explicit Case(const std::string& prefix) { parts.options.prefix = prefix; }

    Blob put(const Bytes& bytes) {
        const Blob blob = net::run_blocking(write(*store, bytes));
        REQUIRE(net::run_blocking(store->commit(holding(blob))).has_value());
        return blob;
    }
    Parts parts;
    ManualClock clock{conformance::start_of_tests()};
    std::unique_ptr<Store> store;
    void open() { store = parts.open(clock); }
};

}  // namespace

std::unique_ptr<conformance::Site> conformance::make_site() {
    return std::make_unique<BucketSite>();
}

std::unique_ptr<Store> conformance::open_at(const std::string&, const Clock&) {
    return nullptr;
}

TEST_CASE("Rows of bodies in the bucket hold references only") {
    Case one("references/");
    one.open();
    const Bytes bytes = random_bytes(3 * limits::chunk_bytes + 5, 1);
    const Blob blob = one.put(bytes);
    CHECK((net::run_blocking(read(*one.store, blob.id)) == bytes));
    std::size_t references = 0;
    const auto rows = *one.parts.disk->scan(Space::chunk, {}, nullptr, Effort::may_wait);
    for (const Item& row : rows) references += read_reference(row.value) ? 1 : 0;
    CHECK(references == 4);
    CHECK(rows.size() == 4);
    CHECK(Bucket(one.parts.options).list({}).names.size() == 4);
}

TEST_CASE("[O5] Faults of the object store in passing neither lose nor alter a body") {
    Case one("faults/");
    one.open();
    for (const char* faults : {"500 500", "cut", "cut cut", "500 cut"}) {
        CAPTURE(faults);
        const Bytes bytes = random_bytes(2 * limits::chunk_bytes, 7);
        stand_in().order(faults);
        const Blob blob = one.put(bytes);
        stand_in().order(faults);
        CHECK((net::run_blocking(read(*one.store, blob.id)) == bytes));
        stand_in().order("damaged damaged");
        CHECK((net::run_blocking(read(*one.store, blob.id)) == bytes));
        Change drop;
        drop.drop(blob.id);
        REQUIRE(net::run_blocking(one.store->commit(std::move(drop))).has_value());
    }
}

TEST_CASE("An object that is altered or gone for good is damage, and is told as such") {
    Case one("damage/");
    one.open();
    const Blob altered = one.put(random_bytes(limits::chunk_bytes, 1));
    Bucket bucket(one.parts.options);
    const std::string name = bucket.list({}).names.at(0);
    bucket.put(name, "something else");
    const auto why = [&](const Blob& blob) {
        try {
            net::run_blocking(read(*one.store, blob.id));
        } catch (const Fault& fault) {
            return fault.why;
        }
        return Fault::Why::full;
    };
    CHECK(why(altered) == Fault::Why::damaged);
    bucket.erase(name);
    CHECK(why(altered) == Fault::Why::damaged);
    // A scan goes on past it: `pidge store verify` finds them all.
    const auto chunks = net::run_blocking(one.store->scan(Space::chunk, {}));
    REQUIRE(chunks.size() == 1);
    CHECK(chunks[0].value.empty());
}

TEST_CASE("[O5] While the object store is away small bodies go on and large ones are put off") {
    Case one("away/");
    one.open();
    const Bytes bytes = random_bytes(2 * limits::chunk_bytes, 1);
    const Blob before = one.put(bytes);
    stand_in().order("down");
    try {
        net::run_blocking(write(*one.store, bytes));
        FAIL("a body went nowhere");
    } catch (const Fault& fault) {
        CHECK(fault.why == Fault::Why::unavailable);
    }
    CHECK_THROWS_AS(net::run_blocking(read(*one.store, before.id)), Fault);
    one.put("small");
    CHECK(one.store->health().state == Health::State::good);
    stand_in().order("up");
    for (bool is_back = false; !is_back;) {
        try {
            const Bytes again = net::run_blocking(read(*one.store, before.id));
            CHECK((again == bytes));
            is_back = true;
        } catch (const Fault& fault) {
            CHECK(fault.why == Fault::Why::unavailable);
            std::this_thread::sleep_for(std::chrono::milliseconds(10));
        }
    }
}

TEST_CASE("A node without the bucket waits rather than call a body damaged") {
    Case one("other/");
    one.open();
    const Blob blob = one.put(random_bytes(limits::chunk_bytes, 1));
    TableStore without(
        embedded_engine(std::make_shared<ObjectTable>(one.parts.disk, ObjectStore{}, one.clock),
                        one.clock),
        one.clock);
    try {
        net::run_blocking(read(without, blob.id));
        FAIL("octets from nowhere");
    } catch (const Fault& fault) {
        CHECK(fault.why == Fault::Why::unavailable);
    }
}

TEST_CASE("The sweep removes what no row names, once nobody can be writing it any more") {
    Case one("sweep/");
    one.open();
    const Bytes bytes = random_bytes(2 * limits::chunk_bytes, 1);
    const Blob held = one.put(bytes);
    const Blob dropped = one.put(random_bytes(2 * limits::chunk_bytes, 2));
    Change drop;
    drop.drop(dropped.id);
    REQUIRE(net::run_blocking(one.store->commit(std::move(drop))).has_value());
    auto bucket = std::make_shared<Bucket>(one.parts.options);
    bucket->put("somebody-elses", "not of our form");
    CHECK(bucket->list({}).names.size() == 5);
    ObjectKeeper keeper(*one.parts.disk, bucket, one.clock);
    CHECK(keeper.sweep() == 0);
    one.clock.advance(limits::foreign_upload_age_max + std::chrono::minutes(1));
    CHECK(keeper.sweep() == 2);
    CHECK(keeper.sweep() == 0);
    CHECK(Bucket(one.parts.options).list({}).names.size() == 3);
    CHECK((net::run_blocking(read(*one.store, held.id)) == bytes));
}

TEST_CASE("Objects of rows that a commit has erased go soon") {
    Case one("erase/");
    const auto table = one.parts.table(one.clock);
    const Bytes key = upload_chunk_key(Bytes(upload_name_size, 'a'), 0);
    const Bytes chunk = write_chunk("octets"), row_key = table_key(Space::chunk, key);
    const Write put{Write::Kind::put, row_key, chunk};
    table->write({&put, 1}, Durability::later);
    Bucket bucket(one.parts.options);
    CHECK(bucket.list({}).names.size() == 1);
    table->erased({key});
    while (!bucket.list({}).names.empty())
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
}
