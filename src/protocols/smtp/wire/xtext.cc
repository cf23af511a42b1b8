#include "protocols/smtp/wire/xtext.h"

#include <cstdint>

#include "base/text.h"

namespace pidge::smtp {
namespace {

int digit_of(char c) {
    if (text::is_digit(c)) return c - '0';
    const char low = text::lower(c);
    return low >= 'a' && low <= 'f' ? low - 'a' + 10 : -1;
}

void append_utf8(std::string& out, std::uint32_t point) {
    const auto put = [&out](std::uint32_t octet) { out += static_cast<char>(octet); };
    if (point < 0x80) {
        put(point);
    } else if (point < 0x800) {
        put(0xC0 | point >> 6), put(0x80 | (point & 0x3F));
    } else if (point < 0x10000) {
        put(0xE0 | point >> 12), put(0x80 | (point >> 6 & 0x3F)), put(0x80 | (point & 0x3F));
    } else {
        put(0xF0 | point >> 18), put(0x80 | (point >> 12 & 0x3F));
        put(0x80 | (point >> 6 & 0x3F)), put(0x80 | (point & 0x3F));
    }
}

}  // namespace

std::optional<std::string> decode_xtext(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    for (std::size_t at = 0; at < text.size(); ++at) {
        char octet = text[at];
        if (octet == '+') {
            if (at + 2 >= text.size()) return std::nullopt;
            const int high = digit_of(text[at + 1]), low = digit_of(text[at + 2]);
            if (high < 0 || low < 0) return std::nullopt;
            octet = static_cast<char>(high * 16 + low);
            at += 2;
        } else if (octet == '=' || octet == ' ') {
            return std::nullopt;
        }
        if (text::is_control(octet)) return std::nullopt;
        out += octet;
    }
    return out;
}

std::string encode_xtext(std::string_view octets) {
    constexpr std::string_view digits = "0123456789ABCDEF";
    std::string out;
    out.reserve(octets.size());
    for (const char c : octets) {
        const auto octet = static_cast<unsigned char>(c);
        if (octet > 32 && octet < 127 && c != '+' && c != '=') {
            out += c;
        } else {
            out += '+';
            out += digits[octet >> 4];
            out += digits[octet & 15];
        }
    }
    return out;
}

std::optional<std::string> decode_utf8_address(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    for (std::size_t at = 0; at < text.size(); ++at) {
        if (!text.substr(at).starts_with("\\x{")) {
            if (text::is_control(text[at])) return std::nullopt;
            out += text[at];
            continue;
        }
        const std::size_t end = text.find('}', at);
        if (end == std::string_view::npos || end - at < 5 || end - at > 9) return std::nullopt;
        std::uint32_t point = 0;
        for (const char c : text.substr(at + 3, end - at - 3)) {
            const int digit = digit_of(c);
            if (digit < 0) return std::nullopt;
            point = point * 16 + static_cast<std::uint32_t>(digit);
        }
        const bool is_control = point < 0x20 || (point >= 0x7F && point < 0xA0);
        if (is_control || point > 0x10FFFF || (point >= 0xD800 && point < 0xE000))
            return std::nullopt;
        append_utf8(out, point);
        at = end;
    }
    if (!text::is_valid_utf8(out)) return std::nullopt;
    return out;
}

std::string encode_utf8_address(std::string_view address) {
    constexpr std::string_view digits = "0123456789ABCDEF";
    std::string out;
    for (std::size_t at = 0; at < address.size();) {
        const auto first = static_cast<unsigned char>(address[at++]);
        if (first > 32 && first < 127 && address[at - 1] != '\\' && address[at - 1] != '+' &&
            address[at - 1] != '=') {
            out += address[at - 1];
            continue;
        }
        std::uint32_t point = first < 0x80   ? first
                              : first < 0xE0 ? first & 0x1F
                              : first < 0xF0 ? first & 0x0F
                                             : first & 7;
        while (at < address.size() && (static_cast<unsigned char>(address[at]) & 0xC0) == 0x80)
            point = point << 6 | (static_cast<unsigned char>(address[at++]) & 0x3F);
        std::string hex;
        for (; point > 0; point >>= 4) hex.insert(hex.begin(), digits[point & 15]);
        out += "\\x{" + (hex.size() < 2 ? "0" + hex : hex) + "}";
    }
    return out;
}

}  // namespace pidge::smtp
