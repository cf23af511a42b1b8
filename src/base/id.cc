#include "base/id.h"

#include <span>

#include "base/random.h"

namespace pidge::detail {

namespace {
constexpr std::string_view alphabet = "0123456789abcdefghjkmnpqrstvwxyz";

int digit(char c) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    const auto at = alphabet.find(c);
    return at == std::string_view::npos ? -1 : static_cast<int>(at);
}
}  // namespace

IdBytes make_id(std::int64_t unix_ms) {
    IdBytes bytes;
    fill_random(std::as_writable_bytes(std::span(bytes).subspan(6)));
    for (int i = 0; i < 6; ++i) bytes[i] = static_cast<std::uint8_t>(unix_ms >> (40 - 8 * i));
    return bytes;
}

std::string id_text(const IdBytes& bytes) {
    // 130 bits in 26 digits: two zero bits, then the 128.
    std::string text(26, '0');
    unsigned pending = 0;
    int bits = 2;
    std::size_t at = 0;
    for (const std::uint8_t byte : bytes) {
        pending = (pending << 8) | byte;
        bits += 8;
        while (bits >= 5) {
            bits -= 5;
            text[at++] = alphabet[(pending >> bits) & 31];
        }
    }
    return text;
}

std::optional<IdBytes> parse_id(std::string_view text) {
    if (text.size() != 26) return std::nullopt;
    IdBytes bytes{};
    unsigned pending = 0;
    int bits = -2;
    std::size_t at = 0;
    for (const char c : text) {
        const int value = digit(c);
        if (value < 0 || (bits < 0 && value > 7)) return std::nullopt;
        pending = (pending << 5) | static_cast<unsigned>(value);
        bits += 5;
        if (bits >= 8) {
            bits -= 8;
            bytes[at++] = static_cast<std::uint8_t>(pending >> bits);
        }
    }
    return bytes;
}

}  // namespace pidge::detail
