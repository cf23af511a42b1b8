// Bodies: inline and uploaded ones, holders, sweeping.
#include <doctest/doctest.h>
#include <sys/resource.h>

#include <algorithm>
#include <fstream>
#include <thread>

#include "base/text.h"
#include "system/crypto/digest.h"
#include "system/store/blob_record.h"
#include "system/store/conformance/fixture.h"
#include "system/store/limits.h"

using namespace pidge;
using namespace pidge::store;
using namespace pidge::store::conformance;

namespace {

Change holding(Blob blob) {
    Change change;
    change.hold(std::move(blob));
    return change;
}

Change dropping(const BlobId& id) {
    Change change;
    change.drop(id);
    return change;
}

std::size_t resident_kib() {
    std::ifstream status("/proc/self/status");
    for (std::string line; std::getline(status, line);)
        if (line.starts_with("VmRSS:")) {  // "VmRSS:     1234 kB"
            const auto digit = std::min(line.find_first_of("0123456789"), line.size());
            return text::parse_u64(line.substr(digit, line.find(' ', digit) - digit)).value();
        }
    return 0;
}

net::Task<Blob> write_large(Store& store, std::size_t pieces, const Bytes& piece,
                            std::size_t& peak) {
    const auto writer = store.write_blob();
    for (std::size_t i = 0; i < pieces; ++i) {
        co_await writer->write(piece);
        if (i % 16 == 0) peak = std::max(peak, resident_kib());
    }
    co_return co_await writer->finish();
}

net::Task<BlobId> sum_of(Store& store, BlobId id, std::size_t& peak) {
    const auto reader = co_await store.open_blob(id);
    crypto::Sha256 sum;
    for (std::uint64_t at = 0; at < reader->size_bytes();) {
        const Bytes piece = co_await reader->read(at, 1 << 20);
        sum.update(piece);
        at += piece.size();
        peak = std::max(peak, resident_kib());
    }
    co_return *BlobId::from_bytes(crypto::bytes_of(sum.finish()));
}

net::Task<void> write_and_leave(Store& store, std::size_t size) {
    const auto writer = store.write_blob();
    const Bytes bytes = random_bytes(size, 99);
    co_await writer->write(bytes);
}

}  // namespace

TEST_CASE_FIXTURE(
    Fixture, "A body is named by its SHA-256 and read back whole, at every size that matters") {
    for (const std::size_t size :
         {std::size_t{0}, std::size_t{1}, limits::inline_blob_bytes, limits::inline_blob_bytes + 1,
          limits::chunk_bytes - 1, limits::chunk_bytes, limits::chunk_bytes + 1,
          3 * limits::chunk_bytes, 3 * limits::chunk_bytes + 77}) {
        CAPTURE(size);
        const Bytes bytes = random_bytes(size, size);
        const Blob blob = upload(bytes, 70'001);
        CHECK(blob.id.bytes() == crypto::bytes_of(crypto::sha256(bytes)));
        CHECK(blob.size_bytes == size);
        CHECK(blob.upload.empty() == (size <= limits::inline_blob_bytes));
        CHECK_FALSE(has_blob(blob.id));
        done(holding(blob));
        CHECK(body(blob.id) == bytes);
        reopen();
        CHECK((body(blob.id) == bytes));
    }
}

TEST_CASE_FIXTURE(Fixture, "A range of a body is what its offset and length say") {
    const Bytes bytes = random_bytes(2 * limits::chunk_bytes + 1000, 3);
    const Blob blob = upload(bytes);
    done(holding(blob));
    const auto reader = net::run_blocking(store->open_blob(blob.id));
    const auto read = [&](std::uint64_t offset, std::size_t length) {
        return net::run_blocking(reader->read(offset, length));
    };
    for (const std::uint64_t offset : {std::uint64_t{0}, std::uint64_t{limits::chunk_bytes - 10},
                                       std::uint64_t{bytes.size() - 5}})
        CHECK((read(offset, 20) == bytes.substr(offset, 20)));
    CHECK((read(10, bytes.size()) == bytes.substr(10)));
    CHECK(read(bytes.size(), 1).empty());
    CHECK(read(~std::uint64_t{0}, 1).empty());
    CHECK(read(0, 0).empty());
}

TEST_CASE_FIXTURE(Fixture, "A body goes with its last holder") {
    for (const std::size_t size : {std::size_t{5000}, 2 * limits::chunk_bytes}) {
        CAPTURE(size);
        const Bytes bytes = random_bytes(size, 11);
        const Blob first = upload(bytes), second = upload(bytes);
        CHECK(first.id == second.id);
        done(holding(first));
        done(holding(second));  // the same bytes: another holder
        reopen();
        done(dropping(first.id));
        CHECK((body(first.id) == bytes));
        done(dropping(first.id));
        CHECK_FALSE(has_blob(first.id));
        CHECK_THROWS_AS(done(dropping(first.id)), Fault);
        CHECK(scan(Space::chunk).empty());  // nothing is left, of the second upload neither
        CHECK(scan(Space::blob).empty());
    }
}

TEST_CASE_FIXTURE(Fixture, "Holding and dropping in one change come out right") {
    const Bytes bytes = random_bytes(300'000, 12);
    const Blob blob = upload(bytes);
    Change change;
    change.hold(blob);
    change.hold(blob);
    change.drop(blob.id);
    done(change);
    CHECK((body(blob.id) == bytes));
    Change again;
    again.drop(blob.id);
    again.hold(upload(bytes));
    done(again);
    CHECK((body(blob.id) == bytes));
    done(dropping(blob.id));
    CHECK(scan(Space::chunk).empty());
}

TEST_CASE_FIXTURE(Fixture, "A conflict brings no body in, and the same blob can be held later") {
    const Bytes bytes = random_bytes(300'000, 13);
    const Blob blob = upload(bytes);
    Change change = holding(blob);
    change.check_present(Space::domain, "none");
    CHECK_FALSE(commit(change).has_value());
    CHECK_FALSE(has_blob(blob.id));
    done(holding(blob));
    CHECK((body(blob.id) == bytes));
}

TEST_CASE_FIXTURE(Fixture,
                  "A reader reads on although the body is dropped meanwhile, or is told so") {
    const Bytes bytes = random_bytes(3 * limits::chunk_bytes, 14);
    const Blob blob = upload(bytes);
    done(holding(blob));
    const auto reader = net::run_blocking(store->open_blob(blob.id));
    done(dropping(blob.id));
    try {
        const Bytes read = net::run_blocking(reader->read(0, bytes.size()));
        CHECK((read == bytes));
    } catch (const Fault& fault) {
        CHECK(site->users() == Site::Users::several);
        CHECK(fault.why == Fault::Why::unavailable);
    }
}

TEST_CASE_FIXTURE(Fixture, "Altered bytes are found by their checksum, small and large") {
    for (const std::size_t size : {std::size_t{5000}, 2 * limits::chunk_bytes}) {
        const Blob blob = upload(random_bytes(size, 15));
        done(holding(blob));
        const Item chunk = scan(Space::chunk).at(0);
        Change change;
        Bytes altered = chunk.value;
        altered[altered.size() / 2] ^= 1;
        change.put(Space::chunk, chunk.key, altered);
        done(change);
        try {
            body(blob.id);
            FAIL("altered bytes were returned");
        } catch (const Fault& fault) {
            CHECK(fault.why == Fault::Why::damaged);
        }
        Change restored;
        restored.put(Space::chunk, chunk.key, chunk.value);
        restored.drop(blob.id);
        done(restored);
    }
}

TEST_CASE_FIXTURE(Fixture, "What no commit came to hold is swept after a restart") {
    net::run_blocking(write_and_leave(*store, 3 * limits::chunk_bytes));  // never finished
    const Blob finished = upload(random_bytes(400'000, 16));              // never held
    const Blob held = upload(random_bytes(500'000, 17));
    done(holding(held));
    CHECK(scan(Space::chunk).size() > 2);
    if (site->users() == Site::Users::several) {
        reopen();  // another process could still be writing them
        CHECK(scan(Space::chunk).size() > 2);
        clock.advance(limits::foreign_upload_age_max);
    }
    reopen();
    // The sweep of the start runs by itself; it ends in changes, which the next reopen waits for.
    for (int i = 0; i < 300 && scan(Space::chunk).size() > 2; ++i)
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
    CHECK(scan(Space::chunk).size() == 2);
    CHECK(body(held.id).has_value());
    CHECK_THROWS_AS(done(holding(finished)), Fault);
}

TEST_CASE_FIXTURE(Fixture, "A finished upload stays for its hour and is swept after it") {
    const Blob waiting = upload(random_bytes(400'000, 18));
    clock.advance(limits::upload_age_max - std::chrono::minutes(1));
    done(holding(waiting));
    CHECK(has_blob(waiting.id));
    done(dropping(waiting.id));
    const Blob late = upload(random_bytes(400'000, 19));
    clock.advance(std::max(limits::upload_age_max, limits::foreign_upload_age_max) +
                  std::chrono::minutes(1));
    for (int i = 0; i < 300 && !scan(Space::chunk).empty(); ++i)
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
    CHECK(scan(Space::chunk).empty());
    CHECK_THROWS_AS(done(holding(late)), Fault);
}

TEST_CASE_FIXTURE(Fixture, "A body of 100 MB passes through in bounded memory") {
    if (site->path().empty()) {
        MESSAGE("not run: this engine keeps everything in memory");
        return;
    }
    const Bytes piece = random_bytes(100'000, 20);
    std::size_t peak = 0;
    const std::size_t before = resident_kib();
    const Blob blob = net::run_blocking(write_large(*store, 1000, piece, peak));
    CHECK(blob.size_bytes == 100'000'000);
    done(holding(blob));
    CHECK(net::run_blocking(sum_of(*store, blob.id, peak)) == blob.id);
    MESSAGE("resident before ", before, " KiB, at most ", peak, " KiB");
#if !defined(__SANITIZE_ADDRESS__) && !__has_feature(address_sanitizer)
    CHECK(peak - std::min(before, peak) < 64 * 1024);  // the engine's own buffers included
#endif
}

TEST_CASE_FIXTURE(Fixture, "Many uploads at once do not mix") {
    std::vector<Bytes> bodies;
    std::vector<Blob> blobs(12);
    std::vector<net::Task<void>> tasks;
    for (std::size_t i = 0; i < blobs.size(); ++i)
        bodies.push_back(random_bytes(limits::chunk_bytes * (i % 4 + 1) + i, 40 + i));
    struct Run {
        static net::Task<void> one(Store& store, const Bytes& bytes, Blob& blob) {
            const auto writer = store.write_blob();
            for (std::size_t at = 0; at < bytes.size(); at += 10'000)
                co_await writer->write(std::string_view(bytes).substr(at, 10'000));
            blob = co_await writer->finish();
            Change change;
            change.hold(blob);
            const auto outcome = co_await store.commit(std::move(change));
            CHECK(outcome.has_value());
        }
    };
    for (std::size_t i = 0; i < blobs.size(); ++i)
        tasks.push_back(Run::one(*store, bodies[i], blobs[i]));
    net::run_blocking(std::move(tasks));
    reopen();
    for (std::size_t i = 0; i < blobs.size(); ++i) CHECK((body(blobs[i].id) == bodies[i]));
}
