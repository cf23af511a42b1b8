#include "formats/cbor/cbor.h"

#include <doctest/doctest.h>

#include "base/text.h"

using namespace pidge;

namespace {
std::optional<cbor::Value> decoded(std::string_view hex) {
    const std::string bytes = *text::from_hex(hex);
    std::string_view rest = bytes;
    auto value = cbor::decode(rest);
    return rest.empty() ? value : std::nullopt;
}
}  // namespace

TEST_CASE("values have the encodings of RFC 8949 appendix A") {
    const std::pair<cbor::Value, const char*> vectors[] = {
        {0, "00"},
        {23, "17"},
        {24, "1818"},
        {1000, "1903e8"},
        {std::int64_t{1000000000000}, "1b000000e8d4a51000"},
        {-1, "20"},
        {-1000, "3903e7"},
        {true, "f5"},
        {false, "f4"},
        {"", "60"},
        {"IETF", "6449455446"},
        {"\xc3\xbc", "62c3bc"},
        {cbor::Octets{"\x01\x02"}, "420102"},
        {cbor::Array{1, cbor::Array{2, 3}}, "8201820203"},
        {cbor::Map{{"b", cbor::Array{2, 3}}, {"a", 1}}, "a26161016162820203"},
    };
    for (const auto& [value, hex] : vectors) {
        CHECK(text::hex(cbor::encode(value)) == hex);
        CHECK(decoded(hex) == value);
    }
}

TEST_CASE("what is not deterministic, cut or of another kind is refused") {
    for (const char* bad : {"1817", "190017", "1a00000001", "a2616202616101", "a2616101616101",
                            "5f42010243030405ff", "9fff", "f6", "fb3ff199999999999a", "c074", "61",
                            "6161ff", "61ff", "82", "9bffffffffffffffff"}) {
        CHECK_FALSE(decoded(bad));
    }
    std::string deep;
    for (int i = 0; i < 40; ++i) deep += "81";
    CHECK_FALSE(decoded(deep + "00"));
}
