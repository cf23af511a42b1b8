#include "system/net/endpoint.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include "base/text.h"

namespace pidge::net {

namespace {

// ::ffff:0:0/96, the IPv4 addresses in IPv6 (RFC 4291 §2.5.5.2).
constexpr std::array<std::uint8_t, 12> mapped_prefix{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

// Digits only and no leading zero: a port and a prefix length have one form.
std::optional<unsigned> parse_small(std::string_view text, unsigned most) {
    if (text.empty() || text.size() > 5 || (text.size() > 1 && text[0] == '0')) return {};
    const auto number = text::parse_u64(text);
    if (!number || *number > most) return {};
    return static_cast<unsigned>(*number);
}

int bit_count(const Address& address) {
    return address.is_v6() ? 128 : 32;
}

bool bit(std::string_view octets, int index) {
    return (static_cast<unsigned char>(octets[index / 8]) >> (7 - index % 8)) & 1;
}

}  // namespace

std::optional<Address> Address::parse(std::string_view text) {
    char buffer[INET6_ADDRSTRLEN];
    if (text.empty() || text.size() >= sizeof buffer) return {};
    if (text.find('\0') != std::string_view::npos) return {};
    *std::copy(text.begin(), text.end(), buffer) = '\0';
    if (std::array<std::uint8_t, 4> octets{}; inet_pton(AF_INET, buffer, octets.data()) == 1)
        return v4(octets);
    if (std::array<std::uint8_t, 16> octets{}; inet_pton(AF_INET6, buffer, octets.data()) == 1)
        return v6(octets);
    return {};
}

Address Address::v4(std::array<std::uint8_t, 4> octets) {
    Address address;
    std::copy(octets.begin(), octets.end(), address.octets_.begin());
    return address;
}

Address Address::v6(const std::array<std::uint8_t, 16>& octets) {
    Address address;
    if (std::equal(mapped_prefix.begin(), mapped_prefix.end(), octets.begin())) {
        std::copy(octets.begin() + 12, octets.end(), address.octets_.begin());
        return address;
    }
    address.octets_ = octets;
    address.v6_ = true;
    return address;
}

bool Address::is_loopback() const {
    if (!v6_) return octets_[0] == 127;
    return std::all_of(octets_.begin(), octets_.end() - 1, [](auto octet) { return octet == 0; }) &&
           octets_[15] == 1;
}

bool Address::is_unspecified() const {
    return std::all_of(octets_.begin(), octets_.end(), [](auto octet) { return octet == 0; });
}

std::string_view Address::octets() const {
    return {reinterpret_cast<const char*>(octets_.data()), v6_ ? 16U : 4U};
}

std::string Address::text() const {
    char buffer[INET6_ADDRSTRLEN];
    if (!v6_) return inet_ntop(AF_INET, octets_.data(), buffer, sizeof buffer);
    // RFC 5952 §4.2: the longest run of two or more zero groups, the first of equals, becomes "::".
    // inet_ntop does this, except that it writes some addresses with a dotted tail, which §5 leaves
    // to known prefixes.
    std::array<unsigned, 8> groups{};
    for (std::size_t i = 0; i < 8; ++i) groups[i] = octets_[2 * i] << 8 | octets_[2 * i + 1];
    std::size_t best = 8, best_length = 1;
    for (std::size_t i = 0; i < 8; ++i) {
        std::size_t length = 0;
        while (i + length < 8 && groups[i + length] == 0) ++length;
        if (length > best_length) best = i, best_length = length;
    }
    constexpr char digits[] = "0123456789abcdef";
    std::string out;
    for (std::size_t i = 0; i < 8; ++i) {
        if (i == best) {
            out += "::";
            i += best_length - 1;
            continue;
        }
        if (!out.empty() && out.back() != ':') out += ':';
        bool is_leading = true;
        for (int shift = 12; shift >= 0; shift -= 4) {
            const unsigned digit = groups[i] >> shift & 15;
            if (is_leading && digit == 0 && shift != 0) continue;
            is_leading = false;
            out += digits[digit];
        }
    }
    return out;
}

std::string Address::literal() const {
    return v6_ ? "[IPv6:" + text() + "]" : "[" + text() + "]";
}

std::optional<Endpoint> Endpoint::parse(std::string_view text) {
    const auto colon = text.rfind(':');
    if (colon == std::string_view::npos) return {};
    const auto port = parse_small(text.substr(colon + 1), 65535);
    std::string_view host = text.substr(0, colon);
    const bool is_bracketed = host.size() > 2 && host.front() == '[' && host.back() == ']';
    if (is_bracketed) host = host.substr(1, host.size() - 2);
    const auto address = Address::parse(host);
    // Brackets are for IPv6, and IPv6 is only in brackets; a mapped IPv4 address still looks like
    // IPv6.
    if (!port || !address || is_bracketed != (host.find(':') != std::string_view::npos)) return {};
    return Endpoint{*address, static_cast<std::uint16_t>(*port)};
}

std::string Endpoint::text() const {
    const std::string host = address.is_v6() ? "[" + address.text() + "]" : address.text();
    return host + ":" + std::to_string(port);
}

std::optional<Network> Network::parse(std::string_view text) {
    const auto slash = text.find('/');
    const std::string_view host = text.substr(0, slash);
    const auto address = Address::parse(host);
    if (!address) return {};
    Network network;
    network.first_ = *address;
    network.prefix_length_ = bit_count(*address);
    if (slash == std::string_view::npos) return network;

    const bool is_mapped = !address->is_v6() && host.find(':') != std::string_view::npos;
    const auto length = parse_small(text.substr(slash + 1), is_mapped ? 128 : bit_count(*address));
    // A range of mapped addresses is a range of IPv4 addresses; a shorter prefix would hold more
    // than those.
    if (!length || (is_mapped && *length < 96)) return {};
    network.prefix_length_ = static_cast<int>(is_mapped ? *length - 96 : *length);
    for (int i = network.prefix_length_; i < bit_count(*address); ++i)
        if (bit(address->octets(), i)) return {};
    return network;
}

Network Network::around(const Address& address, int prefix_length) {
    Network network;
    network.prefix_length_ = std::clamp(prefix_length, 0, bit_count(address));
    const auto octets = address.octets();
    std::array<std::uint8_t, 16> kept{};
    for (int i = 0; i < network.prefix_length_; ++i)
        if (bit(octets, i)) kept[i / 8] = static_cast<std::uint8_t>(kept[i / 8] | 0x80 >> (i % 8));
    network.first_ = address;
    network.first_.octets_ = kept;
    return network;
}

bool Network::contains(const Address& address) const {
    if (address.is_v6() != first_.is_v6()) return false;
    const auto a = address.octets(), b = first_.octets();
    const auto whole = static_cast<std::size_t>(prefix_length_ / 8);
    if (a.substr(0, whole) != b.substr(0, whole)) return false;
    const int rest = prefix_length_ % 8;
    if (rest == 0) return true;
    const auto difference = static_cast<unsigned char>(a[whole] ^ b[whole]);
    return difference >> (8 - rest) == 0;
}

std::string Network::text() const {
    return first_.text() + "/" + std::to_string(prefix_length_);
}

}  // namespace pidge::net
