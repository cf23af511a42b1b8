#include "system/net/endpoint.h"

#include <arpa/inet.h>
#include <doctest/doctest.h>

#include <bitset>
#include <random>

#include "system/net/network_set.h"

using namespace pidge::net;

namespace {

std::string round(std::string_view text) {
    const auto address = Address::parse(text);
    return address ? address->text() : "-";
}

// The slow and plain way: addresses as strings of 0 and 1.
std::string bits(const Address& address) {
    std::string out;
    for (const char octet : address.octets())
        out += std::bitset<8>(static_cast<unsigned char>(octet)).to_string();
    return out;
}

Address random_address(std::mt19937& random) {
    std::array<std::uint8_t, 16> octets;
    for (auto& octet : octets) octet = static_cast<std::uint8_t>(random());
    if (random() % 2 == 0) return Address::v4({octets[0], octets[1], octets[2], octets[3]});
    // Few different beginnings, so that networks and addresses meet; some are mapped IPv4.
    if (random() % 4 == 0) {
        std::fill_n(octets.begin(), 10, std::uint8_t{0});
        octets[10] = octets[11] = 0xff;
    }
    return Address::v6(octets);
}

// An address that has the first bits in common with another, as often as not.
Address near(const Address& other, std::mt19937& random) {
    const Address fresh = random_address(random);
    if (random() % 4 == 0) return fresh;
    std::string all = bits(other);
    const std::size_t change = random() % (all.size() + 1);
    for (std::size_t i = change; i < all.size(); ++i) all[i] = random() % 2 == 0 ? '0' : '1';
    std::array<std::uint8_t, 16> octets{};
    for (std::size_t i = 0; i < all.size() / 8; ++i)
        octets[i] = static_cast<std::uint8_t>(std::bitset<8>(all.substr(i * 8, 8)).to_ulong());
    if (!other.is_v6()) return Address::v4({octets[0], octets[1], octets[2], octets[3]});
    return Address::v6(octets);
}

}  // namespace

TEST_CASE("Addresses are read in any notation and written in one (RFC 5952)") {
    CHECK(round("192.0.2.1") == "192.0.2.1");
    CHECK(round("2001:DB8:0:0:0:0:0:1") == "2001:db8::1");
    CHECK(round("2001:db8:0:1:1:1:1:1") == "2001:db8:0:1:1:1:1:1");
    CHECK(round("2001:0:0:1:0:0:0:1") == "2001:0:0:1::1");
    CHECK(round("2001:db8:0:0:1:0:0:1") == "2001:db8::1:0:0:1");
    CHECK(round("::") == "::");
    CHECK(round("::1") == "::1");
    CHECK(round("1::") == "1::");
    CHECK(round("0:0:0:0:0:0:0:10") == "::10");
    CHECK(round("fe80:0:0:0:0:0:0:0") == "fe80::");
    CHECK(round("::192.0.2.1") == "::c000:201");
    CHECK(round("1:2:3:4:5:6:192.0.2.1") == "1:2:3:4:5:6:c000:201");
}

TEST_CASE("[G8] A mapped IPv4 address is the IPv4 address") {
    CHECK(round("::ffff:192.0.2.1") == "192.0.2.1");
    CHECK(round("::FFFF:c000:0201") == "192.0.2.1");
    CHECK(Address::parse("::ffff:127.0.0.1")->is_loopback());
    CHECK(*Address::parse("::ffff:10.0.0.1") == Address::v4({10, 0, 0, 1}));
    CHECK(Network::parse("10.0.0.0/8")->contains(*Address::parse("::ffff:10.1.2.3")));
    CHECK(Network::parse("::ffff:10.0.0.0/104") == Network::parse("10.0.0.0/8"));
    CHECK_FALSE(Network::parse("::/0")->contains(*Address::parse("10.0.0.1")));
    CHECK_FALSE(Network::parse("::ffff:0:0/95"));
}

TEST_CASE("What is not exactly an address is none") {
    for (const char* const text :
         {"", " 192.0.2.1", "192.0.2.1 ", "192.0.2", "192.0.2.256", "192.0.2.01", "0x7f.1",
          "1.2.3.4.5", "[::1]", "::1%lo", "1::2::3", "12345::", "::1/128",
          "g::", ":::", "192.0.2.1:25", "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9"})
        CHECK_FALSE_MESSAGE(Address::parse(text), text);
    CHECK_FALSE(Address::parse(std::string_view("192.0.2.1\0", 10)));
    CHECK_FALSE(Address::parse(std::string(1000, '1')));
}

TEST_CASE("Loopback and literals (RFC 5321 §4.1.3)") {
    CHECK(Address::parse("127.9.9.9")->is_loopback());
    CHECK(Address::parse("::1")->is_loopback());
    CHECK_FALSE(Address::parse("::2")->is_loopback());
    CHECK_FALSE(Address::parse("100::1")->is_loopback());
    CHECK_FALSE(Address::parse("128.0.0.1")->is_loopback());
    for (const char* none : {"0.0.0.0", "::", "::ffff:0.0.0.0"})
        CHECK(Address::parse(none)->is_unspecified());
    for (const char* some : {"0.0.0.1", "::1", "1::", "127.0.0.1"})
        CHECK_FALSE(Address::parse(some)->is_unspecified());
    CHECK(Address::parse("192.0.2.1")->literal() == "[192.0.2.1]");
    CHECK(Address::parse("2001:db8::1")->literal() == "[IPv6:2001:db8::1]");
}

TEST_CASE("Endpoints are an address and a port; IPv6 stands in brackets") {
    CHECK(Endpoint::parse("192.0.2.1:25")->text() == "192.0.2.1:25");
    CHECK(Endpoint::parse("[2001:db8::1]:0")->text() == "[2001:db8::1]:0");
    CHECK(Endpoint::parse("[::ffff:192.0.2.1]:25")->text() == "192.0.2.1:25");
    for (const char* const text :
         {"192.0.2.1", "192.0.2.1:", "192.0.2.1:65536", "192.0.2.1:025", "[192.0.2.1]:25",
          "2001:db8::1:25", "[2001:db8::1]", "[]:25", ":25", "192.0.2.1:+5", "[::1:25", "::1]:25"})
        CHECK_FALSE_MESSAGE(Endpoint::parse(text), text);
}

TEST_CASE("Networks have no bits beyond their prefix") {
    CHECK(Network::parse("192.0.2.0/24")->text() == "192.0.2.0/24");
    CHECK(Network::parse("192.0.2.7")->text() == "192.0.2.7/32");
    CHECK(Network::parse("2001:db8::/32")->prefix_length() == 32);
    CHECK(Network::parse("2001:db8::1")->prefix_length() == 128);
    CHECK(Network::parse("0.0.0.0/0")->contains(*Address::parse("255.255.255.255")));
    for (const char* const text :
         {"192.0.2.1/24", "192.0.2.0/33", "192.0.2.0/", "192.0.2.0/024", "192.0.2.0/-1", "/24",
          "2001:db8::1/64", "::/129", "192.0.2.0/24/24", "192.0.2.0/ 24"})
        CHECK_FALSE_MESSAGE(Network::parse(text), text);
    CHECK(Network::around(*Address::parse("192.0.2.200"), 25).text() == "192.0.2.128/25");
    CHECK(Network::around(*Address::parse("2001:db8:1:2:3::"), 64).text() == "2001:db8:1:2::/64");
}

TEST_CASE("[R02] Of a range, the first and last address are in and their neighbours are out") {
    const auto contains = [](const char* network, const char* address) {
        return Network::parse(network)->contains(*Address::parse(address));
    };
    CHECK(contains("192.0.2.64/26", "192.0.2.64"));
    CHECK(contains("192.0.2.64/26", "192.0.2.127"));
    CHECK_FALSE(contains("192.0.2.64/26", "192.0.2.63"));
    CHECK_FALSE(contains("192.0.2.64/26", "192.0.2.128"));
    CHECK(contains("2001:db8::/33", "2001:db8:7fff:ffff:ffff:ffff:ffff:ffff"));
    CHECK_FALSE(contains("2001:db8::/33", "2001:db8:8000::"));
    CHECK_FALSE(contains("2001:db8::/33", "2001:db7:ffff:ffff:ffff:ffff:ffff:ffff"));
}

TEST_CASE(
    "[R02] 10,000 random pairs of network and address agree with a plain comparison of bits") {
    std::mt19937 random(20240601);
    int inside = 0;
    for (int i = 0; i < 10'000; ++i) {
        const Address base = random_address(random);
        const int length = static_cast<int>(random() % (base.octets().size() * 8 + 1));
        const Network network = Network::around(base, length);
        const Address address = near(base, random);
        const bool expected = address.is_v6() == base.is_v6() &&
                              bits(address).substr(0, static_cast<std::size_t>(length)) ==
                                  bits(base).substr(0, static_cast<std::size_t>(length));
        CHECK(network.contains(address) == expected);
        CHECK(Network::parse(network.text()) == network);
        CHECK(Address::parse(address.text()) == address);
        if (address.is_v6()) {
            std::array<char, INET6_ADDRSTRLEN> reference{};
            inet_ntop(AF_INET6, address.octets().data(), reference.data(), reference.size());
            if (std::string_view(reference.data()).find('.') == std::string_view::npos)
                CHECK(address.text() == reference.data());
        }
        inside += expected;
    }
    CHECK(inside > 2000);
    CHECK(inside < 8000);
}

TEST_CASE("The narrowest network that holds an address counts") {
    NetworkSet<int> set;
    CHECK(set.find(*Address::parse("192.0.2.1")) == nullptr);
    set.set(*Network::parse("0.0.0.0/0"), 0);
    set.set(*Network::parse("192.0.2.0/24"), 24);
    set.set(*Network::parse("192.0.2.128/25"), 25);
    set.set(*Network::parse("192.0.2.130"), 32);
    set.set(*Network::parse("2001:db8::/32"), 6);
    const auto find = [&](const char* text) {
        const int* const found = set.find(*Address::parse(text));
        return found == nullptr ? -1 : *found;
    };
    CHECK(find("10.0.0.1") == 0);
    CHECK(find("192.0.2.1") == 24);
    CHECK(find("192.0.2.129") == 25);
    CHECK(find("192.0.2.130") == 32);
    CHECK(find("::ffff:192.0.2.130") == 32);
    CHECK(find("2001:db8::1") == 6);
    CHECK(find("2001:db9::1") == -1);
    set.set(*Network::parse("192.0.2.130/32"), 33);
    CHECK(find("192.0.2.130") == 33);
    CHECK(set.size() == 5);
}
