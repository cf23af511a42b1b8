// Numbers as octets, most significant first: they sort as the numbers do, so they can stand in
// keys.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/bytes.h"

namespace pidge::store {

inline void write_u64(char* at, std::uint64_t value) {
    for (int i = 7; i >= 0; --i, value >>= 8) at[i] = static_cast<char>(value & 0xff);
}

inline std::uint64_t read_u64(const char* at) {
    std::uint64_t value = 0;
    for (int i = 0; i < 8; ++i) value = value << 8 | static_cast<unsigned char>(at[i]);
    return value;
}

inline void append_u64(Bytes& to, std::uint64_t value) {
    to.resize(to.size() + 8);
    write_u64(to.data() + to.size() - 8, value);
}

inline void append_u32(Bytes& to, std::uint32_t value) {
    for (int shift = 24; shift >= 0; shift -= 8) to += static_cast<char>(value >> shift & 0xff);
}

inline std::uint32_t read_u32(const char* at) {
    std::uint32_t value = 0;
    for (int i = 0; i < 4; ++i) value = value << 8 | static_cast<unsigned char>(at[i]);
    return value;
}

// The least key that is greater than every key with this prefix; empty: there is none, the prefix
// ends the space.
inline Bytes after_prefix(std::string_view prefix) {
    Bytes end(prefix);
    while (!end.empty() && static_cast<unsigned char>(end.back()) == 0xff) end.pop_back();
    if (!end.empty()) end.back() = static_cast<char>(end.back() + 1);
    return end;
}

}  // namespace pidge::store
