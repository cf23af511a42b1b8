#include "system/store/conformance/fixture.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <random>

#include "system/store/octets.h"

namespace pidge::store::conformance {

namespace {

net::Task<Blob> write_body(Store& store, std::string_view bytes, std::size_t step) {
    const auto writer = store.write_blob();
    while (!bytes.empty()) {
        const std::string_view piece = bytes.substr(0, step);
        co_await writer->write(piece);
        bytes.remove_prefix(piece.size());
    }
    co_return co_await writer->finish();
}

net::Task<std::optional<Bytes>> read_body(Store& store, BlobId id) {
    const auto reader = co_await store.open_blob(id);
    if (!reader) co_return std::nullopt;
    Bytes bytes;
    for (;;) {
        const Bytes piece = co_await reader->read(bytes.size(), 100'000);
        if (piece.empty()) break;
        bytes += piece;
    }
    CHECK(bytes.size() == reader->size_bytes());
    co_return bytes;
}

}  // namespace

std::vector<std::string> Fixture::keys(Space space, ScanOptions options) {
    std::vector<std::string> keys;
    for (const Item& item : scan(space, std::move(options))) keys.push_back(item.key);
    return keys;
}

Blob Fixture::upload(std::string_view bytes, std::size_t step) {
    return net::run_blocking(write_body(*store, bytes, step));
}

std::optional<Bytes> Fixture::body(const BlobId& id) {
    return net::run_blocking(read_body(*store, id));
}

bool Fixture::has_blob(const BlobId& id) {
    return net::run_blocking(store->open_blob(id)) != nullptr;
}

Bytes number_octets(std::uint64_t number) {
    Bytes octets;
    append_u64(octets, number);
    return octets;
}

DueGroup group_of(std::string_view name) {
    DueGroup group;
    std::copy_n(name.begin(), std::min<std::size_t>(name.size(), 8), group.octets.begin());
    return group;
}

Bytes random_bytes(std::size_t size, std::uint64_t seed) {
    std::mt19937_64 random(seed);
    Bytes bytes;
    bytes.reserve(size + 8);
    while (bytes.size() < size) append_u64(bytes, random());
    bytes.resize(size);
    return bytes;
}

std::uint64_t verify_log(Store& store, const std::string& log) {
    LogEnd end;
    ScanOptions options{.from = log_key(log, 0), .to = log + '\1'};
    for (bool more = true; more;) {
        const auto items = net::run_blocking(store.scan(Space::audit, options));
        more = items.size() == options.limit;
        for (const Item& item : items) {
            const auto number = log_number(item.key);
            const auto value = read_log_value(item.value);
            REQUIRE(number.has_value());
            REQUIRE(value.has_value());
            REQUIRE(*number == end.number + 1);
            end.number = *number;
            end.chain = next_chain(end.chain, end.number, value->entry);
            REQUIRE(end.chain == value->chain);
            options.from = item.key + '\0';
        }
    }
    const auto record = net::run_blocking(store.get(Space::counter, log_end_key(log)));
    if (end.number == 0) {
        CHECK_FALSE(record.has_value());
        return 0;
    }
    const auto stored = read_log_end(record.value());
    REQUIRE(stored.has_value());
    CHECK(stored->number == end.number);
    CHECK(stored->chain == end.chain);
    return end.number;
}

}  // namespace pidge::store::conformance
