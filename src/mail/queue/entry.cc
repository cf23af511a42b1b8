#include "mail/queue/entry.h"

#include "base/text.h"

namespace pidge::queue {

namespace {

constexpr std::size_t key_octets = QueueId::size + 2;

}  // namespace

WallTime made_at(const QueueId& id) {
    std::int64_t unix_ms = 0;
    for (const char octet : id.bytes().substr(0, 6))
        unix_ms = unix_ms << 8 | static_cast<std::uint8_t>(octet);
    return WallTime(std::chrono::milliseconds(unix_ms));
}

std::string EntryId::text() const {
    return message.text() + "-" + std::to_string(index);
}

std::optional<EntryId> EntryId::parse(std::string_view text) {
    const std::size_t dash = text.find('-');
    if (dash == std::string_view::npos) return std::nullopt;
    const auto message = QueueId::parse(text.substr(0, dash));
    const auto index = text::parse_u64(text.substr(dash + 1));
    if (!message || !index || *index > UINT16_MAX) return std::nullopt;
    return EntryId{*message, static_cast<std::uint16_t>(*index)};
}

Bytes EntryId::key() const {
    Bytes key(message.bytes());
    key.push_back(static_cast<char>(index >> 8));
    key.push_back(static_cast<char>(index & 0xff));
    return key;
}

std::optional<EntryId> EntryId::from_key(std::string_view key) {
    if (key.size() != key_octets) return std::nullopt;
    const auto message = QueueId::from_bytes(key.substr(0, QueueId::size));
    if (!message) return std::nullopt;
    const auto high = static_cast<std::uint8_t>(key[QueueId::size]);
    const auto low = static_cast<std::uint8_t>(key[QueueId::size + 1]);
    return EntryId{*message, static_cast<std::uint16_t>(high << 8 | low)};
}

}  // namespace pidge::queue
