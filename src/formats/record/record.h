// The encoding of stored records: a list of numbered fields, so that a newer version can add fields
// and an older one skips what it does not know. Field numbers are on disk: never change or reuse
// one.
//
//   record = version(1 octet) *field          field = varint(number * 2 + kind) payload
//   kind 0: varint                            kind 1: varint(length) octets
//
// A field that is absent reads as 0 or empty. A field may be repeated.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.h"

namespace pidge::record {

class Writer {
 public:
    explicit Writer(std::uint8_t version) : bytes_(1, static_cast<char>(version)) {}

    // Zero and empty are the defaults and take no room.
    void number(std::uint32_t field, std::uint64_t value);
    // Of a field whose being there says something: written when 0 too.
    void present_number(std::uint32_t field, std::uint64_t value);
    void signed_number(std::uint32_t field, std::int64_t value);  // zigzag
    void bytes(std::uint32_t field, std::string_view value);
    void element(std::uint32_t field,
                 std::string_view value);  // of a repeated field: written when empty too
    Bytes take() { return std::move(bytes_); }

 private:
    void varint(std::uint64_t value);
    Bytes bytes_;
};

struct Field {
    std::uint32_t number = 0;
    bool is_bytes = false;
    std::uint64_t value = 0;  // kind 0
    std::string_view bytes;   // kind 1; into the record

    std::int64_t signed_value() const {
        return static_cast<std::int64_t>(value >> 1) ^ -static_cast<std::int64_t>(value & 1);
    }
};

// Walks over the fields of a record; the record must outlive it.
class Reader {
 public:
    explicit Reader(std::string_view record);
    std::uint8_t version() const { return version_; }
    std::optional<Field> next();  // nullopt: at the end, or broken
    bool is_broken() const { return broken_; }

 private:
    std::optional<std::uint64_t> varint();
    std::string_view rest_;
    std::uint8_t version_ = 0;
    bool broken_ = false;
};

// Integers in keys: 8 octets, most significant first, so that keys sort like numbers.
Bytes big_endian(std::uint64_t value);
std::optional<std::uint64_t> read_big_endian(std::string_view octets);  // exactly 8

}  // namespace pidge::record
