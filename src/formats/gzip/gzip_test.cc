#include "formats/gzip/gzip.h"

#include <doctest/doctest.h>

#include <string>

using namespace pidge;

TEST_CASE("what was compressed comes back") {
    for (const std::size_t size : {0, 1, 1000, 16 * 1024, 16 * 1024 + 1, 1'000'000}) {
        std::string octets;
        std::uint32_t state = 1;
        while (octets.size() < size)
            octets += static_cast<char>((state = state * 1664525 + 1013904223) >> 24);
        const Bytes packed = gzip::compress(octets);
        CHECK(packed.starts_with("\x1f\x8b\x08"));
        CHECK(gzip::decompress(packed, size) == octets);
        if (size > 0) CHECK_FALSE(gzip::decompress(packed, size - 1));
    }
    CHECK(gzip::compress(std::string(100'000, 'x')).size() < 1000);
}

TEST_CASE("what is no gzip, or not the whole of one, is refused") {
    const Bytes packed = gzip::compress("hello");
    for (std::size_t size = 0; size < packed.size(); ++size)
        CHECK_FALSE(gzip::decompress(packed.substr(0, size), 100));
    CHECK_FALSE(gzip::decompress(packed + "x", 100));
    CHECK_FALSE(gzip::decompress("hello", 100));
    Bytes broken = packed;
    broken[broken.size() - 6] = static_cast<char>(broken[broken.size() - 6] ^ 1);
    CHECK_FALSE(gzip::decompress(broken, 100));
}
