// Address and Endpoint: an IP address, and an address with a port. One form for one thing
// (attacks.md G8): an IPv4 address mapped into IPv6 is the IPv4 address. Plain values.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace pidge::net {

class Address {
 public:
    constexpr Address() = default;  // 0.0.0.0

    // "192.0.2.1", "2001:db8::1"; no brackets, no zone, no port.
    static std::optional<Address> parse(std::string_view text);
    static Address v4(std::array<std::uint8_t, 4> octets);
    static Address v6(
        const std::array<std::uint8_t, 16>& octets);  // a mapped IPv4 address becomes that address

    bool is_v6() const { return v6_; }
    bool is_loopback() const;
    bool is_unspecified() const;      // 0.0.0.0 and ::
    std::string_view octets() const;  // 4 or 16
    std::string text() const;         // RFC 5952 form
    std::string literal() const;      // "[192.0.2.1]", "[IPv6:2001:db8::1]" (RFC 5321 §4.1.3)

    friend auto operator<=>(const Address&, const Address&) = default;

 private:
    friend class Network;

    std::array<std::uint8_t, 16> octets_{};
    bool v6_ = false;
};

struct Endpoint {
    Address address;
    std::uint16_t port = 0;

    // "192.0.2.1:25", "[2001:db8::1]:25"
    static std::optional<Endpoint> parse(std::string_view text);
    std::string text() const;

    friend auto operator<=>(const Endpoint&, const Endpoint&) = default;
};

// A range in CIDR notation. Bits beyond the prefix must be zero.
class Network {
 public:
    // "192.0.2.0/24", "2001:db8::/32", or a single address.
    static std::optional<Network> parse(std::string_view text);
    // The range of that prefix length that `address` is in; the length is cut to 32 or 128.
    static Network around(const Address& address, int prefix_length);
    bool contains(const Address& address) const;
    const Address& first() const { return first_; }
    int prefix_length() const { return prefix_length_; }
    std::string text() const;

    friend auto operator<=>(const Network&, const Network&) = default;

 private:
    Address first_;
    int prefix_length_ = 32;
};

}  // namespace pidge::net
