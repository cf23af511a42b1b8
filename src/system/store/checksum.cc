#include "system/store/checksum.h"

#include <array>
#include <cstring>
#if defined(__x86_64__)
#include <nmmintrin.h>
#endif

namespace pidge::store {

namespace {

constexpr std::uint32_t polynomial = 0x82f63b78;  // with its bits reversed

// table[k][b]: what an octet b does to the sum k octets later, so that eight octets are taken at
// once.
constexpr auto table = [] {
    std::array<std::array<std::uint32_t, 256>, 8> made{};
    for (std::uint32_t octet = 0; octet < 256; ++octet) {
        std::uint32_t sum = octet;
        for (int bit = 0; bit < 8; ++bit) sum = sum & 1 ? sum >> 1 ^ polynomial : sum >> 1;
        made[0][octet] = sum;
    }
    for (std::size_t k = 1; k < 8; ++k)
        for (std::size_t octet = 0; octet < 256; ++octet)
            made[k][octet] = made[k - 1][octet] >> 8 ^ made[0][made[k - 1][octet] & 0xff];
    return made;
}();

std::uint32_t by_table(std::uint32_t sum, const char* at, std::size_t size) {
    for (; size >= 8; at += 8, size -= 8) {
        std::uint32_t low = 0, high = 0;
        std::memcpy(&low, at, 4);
        std::memcpy(&high, at + 4, 4);
        low ^= sum;
        sum = table[7][low & 0xff] ^ table[6][low >> 8 & 0xff] ^ table[5][low >> 16 & 0xff] ^
              table[4][low >> 24] ^ table[3][high & 0xff] ^ table[2][high >> 8 & 0xff] ^
              table[1][high >> 16 & 0xff] ^ table[0][high >> 24];
    }
    for (; size > 0; ++at, --size)
        sum = sum >> 8 ^ table[0][(sum ^ static_cast<unsigned char>(*at)) & 0xff];
    return sum;
}

#if defined(__x86_64__)
__attribute__((target("sse4.2"))) std::uint32_t by_instruction(std::uint32_t sum, const char* at,
                                                               std::size_t size) {
    std::uint64_t wide = sum;
    for (; size >= 8; at += 8, size -= 8) {
        std::uint64_t octets = 0;
        std::memcpy(&octets, at, 8);
        wide = _mm_crc32_u64(wide, octets);
    }
    sum = static_cast<std::uint32_t>(wide);
    for (; size > 0; ++at, --size) sum = _mm_crc32_u8(sum, static_cast<unsigned char>(*at));
    return sum;
}
#endif

}  // namespace

std::uint32_t crc32c(std::string_view bytes) {
#if defined(__x86_64__)
    static const bool has_instruction = __builtin_cpu_supports("sse4.2");
    if (has_instruction) return ~by_instruction(~0U, bytes.data(), bytes.size());
#endif
    return ~by_table(~0U, bytes.data(), bytes.size());
}

}  // namespace pidge::store
