#include "system/store/objects/object_table.h"

#include <algorithm>

#include "base/log.h"
#include "system/store/body_away.h"
#include "system/store/limits.h"

namespace pidge::store {

namespace {

constexpr log::Event object_damaged{
    "object-damaged", log::Level::error,
    "An object is not there, or is not what was written: the body that it is a part of is lost.",
    "Look at the object store: nobody else may change what lies below the prefix. If it keeps "
    "older versions, restore that one."};

}  // namespace

ObjectTable::ObjectTable(std::shared_ptr<Table> below, ObjectStore objects, const Clock& clock)
    : below_(std::move(below)), objects_(std::move(objects)) {
    if (objects_.bucket) keeper_ = std::make_unique<ObjectKeeper>(*below_, objects_.bucket, clock);
}

bool ObjectTable::goes_to_bucket(const Write& write) const {
    if (write.kind != Write::Kind::put || write.space() != Space::chunk) return false;
    const auto number = upload_chunk_number(write.key.substr(1));
    return number && std::uint64_t{*number} * limits::chunk_bytes >= objects_.from_bytes;
}

void ObjectTable::write(std::span<const Write> writes, Durability durability) {
    const bool is_ahead = objects_.bucket && durability == Durability::later;
    if (!is_ahead ||
        std::ranges::none_of(writes, [this](const Write& each) { return goes_to_bucket(each); })) {
        below_->write(writes, durability);
        return;
    }
    std::vector<Write> rows(writes.begin(), writes.end());
    std::vector<Bytes> references;
    references.reserve(rows.size());
    for (Write& row : rows) {
        if (!goes_to_bucket(row)) continue;
        auto reference = write_reference(row.value);
        if (!reference) continue;
        objects_.bucket->put(*object_name(row.key.substr(1)), row.value);
        references.push_back(*std::move(reference));
        row.value = references.back();
    }
    below_->write(rows, durability);
}

// What comes back damaged once may have been damaged on the way.
Bytes ObjectTable::fetch(std::string_view key, const Reference& reference) {
    const std::string name = *object_name(key);
    for (int i = 0; i < objects_limits::attempts; ++i) {
        auto octets = objects_.bucket->get(name, reference.size_bytes);
        if (!octets) return {};
        if (reference.fits(*octets)) return *std::move(octets);
    }
    return {};
}

// The octets of a chunk; none of them where they are lost, which every reader of chunks takes for
// damaged. Nullopt: the row has gone meanwhile, and the object with it.
std::optional<Bytes> ObjectTable::resolve(std::string_view key, Bytes value, const Snapshot* at) {
    const auto reference = read_reference(value);
    if (!reference || !upload_chunk_number(key)) return value;
    if (!objects_.bucket)
        throw BodyAway("a part of a body lies in an object store, and [objects] names none");
    Bytes octets;
    try {
        octets = fetch(key, *reference);
    } catch (const Fault& fault) {
        throw BodyAway(fault.what());
    }
    if (!octets.empty()) return octets;
    // An object goes only after its row. A snapshot may show a row that is gone.
    const auto row = below_->get(Space::chunk, key, nullptr, Effort::may_wait);
    if (row && !*row) {
        if (at) throw Fault(Fault::Why::unavailable, "a body was dropped meanwhile");
        return std::nullopt;
    }
    log::write(object_damaged, {{"object", *object_name(key)}});
    return octets;
}

std::optional<std::optional<Bytes>> ObjectTable::get(Space space, std::string_view key,
                                                     const Snapshot* at, Effort effort) {
    auto value = below_->get(space, key, at, effort);
    if (space != Space::chunk || !value || !*value || !read_reference(**value)) return value;
    if (effort == Effort::at_once) return std::nullopt;
    return resolve(key, **std::move(value), at);
}

std::optional<std::vector<Item>> ObjectTable::scan(Space space, const ScanOptions& options,
                                                   const Snapshot* at, Effort effort) {
    auto items = below_->scan(space, options, at, effort);
    if (space != Space::chunk || !items) return items;
    if (effort == Effort::at_once && std::ranges::any_of(*items, [](const Item& item) {
            return read_reference(item.value).has_value();
        }))
        return std::nullopt;
    // Rows are few octets each, what they stand for is not: the caller goes on after the last key.
    std::vector<Item> whole;
    std::size_t octets = 0;
    for (Item& item : *items) {
        auto value = resolve(item.key, std::move(item.value), at);
        if (!value) continue;
        octets += value->size();
        whole.push_back({std::move(item.key), *std::move(value)});
        if (octets >= limits::blob_read_bytes_max) break;
    }
    return whole;
}

std::vector<std::optional<Bytes>> ObjectTable::multi_get(
    std::span<const std::pair<Space, Bytes>> keys, const Snapshot* at) {
    auto values = below_->multi_get(keys, at);
    for (std::size_t i = 0; i < keys.size(); ++i)
        if (keys[i].first == Space::chunk && values[i])
            values[i] = resolve(keys[i].second, *std::move(values[i]), at);
    return values;
}

void ObjectTable::hurry() {
    if (objects_.bucket) objects_.bucket->stop();
    below_->hurry();
}

void ObjectTable::erased(const std::vector<Bytes>& chunk_keys) {
    if (keeper_) keeper_->erase(chunk_keys);
}

}  // namespace pidge::store
