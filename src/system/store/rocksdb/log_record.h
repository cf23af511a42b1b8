// How RocksDB lays out its log (its log_format.h): records in blocks; none crosses a block's end,
// and where there is no room for a header the rest of the block is filled up.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace pidge::store {

inline constexpr std::size_t log_block_bytes = 32768;

// The lower octets of a number come first.
inline std::uint64_t low_first(std::string_view octets) {
    std::uint64_t number = 0;
    for (std::size_t i = octets.size(); i > 0; --i)
        number = number << 8U | static_cast<unsigned char>(octets[i - 1]);
    return number;
}

// What stands in front of a record's octets.
struct LogRecordHeader {
    static constexpr std::size_t size_bytes = 7;
    static constexpr std::size_t type_at = 6;  // the checksum is that of the type and what follows
    enum Type : unsigned { full = 1, first = 2, middle = 3, last = 4 };

    explicit LogRecordHeader(std::string_view octets)
        : checksum(static_cast<std::uint32_t>(low_first(octets.substr(0, 4)))),
          length(low_first(octets.substr(4, 2))),
          type(static_cast<unsigned char>(octets[type_at])) {}

    // Nothing was written there.
    bool is_hole() const { return length == 0 && type == 0; }

    std::uint32_t checksum;  // masked
    std::size_t length;      // of the octets behind it
    unsigned type;
};

}  // namespace pidge::store
