#include "system/dns/name.h"

#include <fmt/format.h>

#include "base/text.h"
#include "system/dns/limits.h"

namespace pidge::dns {

std::optional<Bytes> wire_name(std::string_view name) {
    if (name.ends_with('.')) name.remove_suffix(1);
    Bytes wire;
    if (!name.empty()) {
        if (name.size() > name_octets_max) return std::nullopt;
        for (const std::string_view label : text::split(name, '.')) {
            if (label.empty() || label.size() > label_octets_max) return std::nullopt;
            wire += static_cast<char>(label.size());
            wire += text::to_lower(label);
        }
    }
    wire += '\0';
    if (wire.size() > name_octets_max) return std::nullopt;
    return wire;
}

namespace {
bool is_plain(char c) {
    return text::is_alpha(c) || text::is_digit(c) || c == '-' || c == '_';
}
}  // namespace

std::optional<std::string> take_name(ByteView& rest) {
    std::string name;
    std::size_t used = 0;
    while (used < rest.size()) {
        const std::size_t length = static_cast<unsigned char>(rest[used++]);
        if (length == 0) {
            rest.remove_prefix(used);
            return name;
        }
        if (length > label_octets_max || rest.size() - used < length) return std::nullopt;
        if (used + length >= name_octets_max) return std::nullopt;
        const ByteView label = rest.substr(used, length);
        // RFC 2317 delegates parts of the reverse tree with names that hold "/".
        if (!std::ranges::all_of(label, [](char c) { return is_plain(c) || c == '/'; }))
            return std::nullopt;
        if (!name.empty()) name += '.';
        name += text::to_lower(label);
        used += length;
    }
    return std::nullopt;
}

std::optional<std::string> master_file_name(std::string_view name) {
    const auto wire = wire_name(name);
    if (!wire) return std::nullopt;
    std::string text;
    for (std::size_t at = 0; (*wire)[at] != '\0';) {
        const auto length = static_cast<unsigned char>((*wire)[at]);
        for (const char c : std::string_view(*wire).substr(at + 1, length)) {
            if (is_plain(c))
                text += c;
            else
                text += fmt::format("\\{:03}", static_cast<unsigned char>(c));
        }
        text += '.';
        at += 1 + length;
    }
    return text.empty() ? "." : text;
}

std::string reverse_name(const net::Address& address) {
    const std::string_view octets = address.octets();
    std::string name;
    for (std::size_t i = octets.size(); i-- > 0;) {
        const auto octet = static_cast<unsigned char>(octets[i]);
        if (address.is_v6())
            name += fmt::format("{:x}.{:x}.", octet & 15, octet >> 4);
        else
            name += fmt::format("{}.", octet);
    }
    return name + (address.is_v6() ? "ip6.arpa" : "in-addr.arpa");
}

}  // namespace pidge::dns
