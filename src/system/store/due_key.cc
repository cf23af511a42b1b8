#include "system/store/due_key.h"

#include <cstring>

#include "system/store/octets.h"

namespace pidge::store {

namespace {

constexpr std::uint64_t sign = 1ULL << 63;

}  // namespace

std::string_view bytes_of(const DueGroup& group) {
    return {reinterpret_cast<const char*>(group.octets.data()), group.octets.size()};
}

Bytes due_key(const DueGroup& group, WallTime due, std::string_view item) {
    Bytes key;
    key.reserve(16 + item.size());
    key += bytes_of(group);
    append_u64(key, static_cast<std::uint64_t>(due.time_since_epoch().count()) ^ sign);
    key += item;
    return key;
}

std::optional<DueKey> read_due_key(std::string_view key) {
    if (key.size() < 16) return std::nullopt;
    DueKey read;
    std::memcpy(read.group.octets.data(), key.data(), 8);
    const auto ticks = static_cast<std::int64_t>(read_u64(key.data() + 8) ^ sign);
    read.due = WallTime(std::chrono::microseconds(ticks));
    read.item = key.substr(16);
    return read;
}

}  // namespace pidge::store
