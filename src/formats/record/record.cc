#include "formats/record/record.h"

namespace pidge::record {

void Writer::varint(std::uint64_t value) {
    while (value >= 0x80) {
        bytes_ += static_cast<char>(value | 0x80);
        value >>= 7;
    }
    bytes_ += static_cast<char>(value);
}

void Writer::number(std::uint32_t field, std::uint64_t value) {
    if (value != 0) present_number(field, value);
}

void Writer::present_number(std::uint32_t field, std::uint64_t value) {
    varint(std::uint64_t{field} * 2);
    varint(value);
}

void Writer::signed_number(std::uint32_t field, std::int64_t value) {
    number(field,
           (static_cast<std::uint64_t>(value) << 1) ^ static_cast<std::uint64_t>(value >> 63));
}

void Writer::bytes(std::uint32_t field, std::string_view value) {
    if (!value.empty()) element(field, value);
}

void Writer::element(std::uint32_t field, std::string_view value) {
    varint(std::uint64_t{field} * 2 + 1);
    varint(value.size());
    bytes_ += value;
}

Reader::Reader(std::string_view record) : rest_(record) {
    if (record.empty()) {
        broken_ = true;
        return;
    }
    version_ = static_cast<std::uint8_t>(rest_.front());
    rest_.remove_prefix(1);
}

std::optional<std::uint64_t> Reader::varint() {
    std::uint64_t value = 0;
    for (int shift = 0; shift < 64 && !rest_.empty(); shift += 7) {
        const auto octet = static_cast<unsigned char>(rest_.front());
        rest_.remove_prefix(1);
        if (shift == 63 && octet > 1) break;
        value |= std::uint64_t{octet & 0x7fu} << shift;
        if (octet < 0x80) return value;
    }
    broken_ = true;
    return std::nullopt;
}

std::optional<Field> Reader::next() {
    if (broken_ || rest_.empty()) return std::nullopt;
    const auto tag = varint();
    const auto payload = tag ? varint() : std::nullopt;
    if (!payload || *tag / 2 > UINT32_MAX) {
        broken_ = true;
        return std::nullopt;
    }
    Field field{.number = static_cast<std::uint32_t>(*tag / 2), .is_bytes = (*tag & 1) != 0};
    if (!field.is_bytes) {
        field.value = *payload;
        return field;
    }
    if (*payload > rest_.size()) {
        broken_ = true;
        return std::nullopt;
    }
    field.bytes = rest_.substr(0, *payload);
    rest_.remove_prefix(*payload);
    return field;
}

Bytes big_endian(std::uint64_t value) {
    Bytes octets(8, '\0');
    for (std::size_t i = 0; i < 8; ++i) octets[i] = static_cast<char>(value >> (56 - 8 * i));
    return octets;
}

std::optional<std::uint64_t> read_big_endian(std::string_view octets) {
    if (octets.size() != 8) return std::nullopt;
    std::uint64_t value = 0;
    for (const char c : octets) value = value << 8 | static_cast<unsigned char>(c);
    return value;
}

}  // namespace pidge::record
