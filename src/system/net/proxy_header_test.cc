#include "system/net/proxy_header.h"

#include <doctest/doctest.h>

#include "system/net/gone.h"
#include "system/net/memory_stream.h"
#include "system/net/spawn.h"

using namespace pidge;
using namespace pidge::net;
using namespace std::string_literals;

namespace {

const std::string signature("\r\n\r\n\0\r\nQUIT\n", 12);

std::string v2(char command, char family, const std::string& body) {
    return signature + command + family + static_cast<char>(body.size() >> 8) +
           static_cast<char>(body.size()) + body;
}
const std::string v4_body("\xc0\x00\x02\x01\xc6\x33\x64\x02\x04\x01\x00\x19", 12);

struct Read {
    Result<ProxyHeader> header;
    std::string rest;
};

Task<Read> read(std::string bytes) {
    auto [balancer, server] = memory_pair({.capacity = 100'000});
    co_await balancer->write(bytes);
    co_await balancer->shutdown();
    Result<ProxyHeader> header = co_await read_proxy_header(*server);
    std::string rest(100, '\0');
    const std::size_t n = co_await server->read_some(rest);
    rest.resize(n);
    co_return Read{std::move(header), rest};
}

Endpoint endpoint(std::string_view text) {
    return *Endpoint::parse(text);
}

}  // namespace

TEST_CASE("A header of either version is read to its end and not beyond") {
    for (const std::string& header :
         {"PROXY TCP4 192.0.2.1 198.51.100.2 1025 25\r\n"s, v2('\x21', '\x11', v4_body),
          v2('\x21', '\x11', v4_body + "\x04\x00\x01x"s)}) {
        const Read got = run(read(header + "EHLO client\r\n"));
        REQUIRE(got.header);
        CHECK(*got.header ==
              ProxyHeader{true, endpoint("192.0.2.1:1025"), endpoint("198.51.100.2:25")});
        CHECK(got.rest == "EHLO client\r\n");
    }
}

TEST_CASE("IPv6 clients are named in both versions; mapped addresses are IPv4 addresses (G8)") {
    const auto v1 = parse_proxy_v1("PROXY TCP6 2001:db8::1 ::ffff:192.0.2.9 65535 0\r\n");
    REQUIRE(v1);
    CHECK(v1->client == endpoint("[2001:db8::1]:65535"));
    CHECK(v1->server == endpoint("192.0.2.9:0"));
    const std::string one("\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x01", 16);
    const auto two = parse_proxy_v2(v2('\x21', '\x21', one + one + "\0\x19\0\x19"s));
    REQUIRE(two);
    CHECK(two->client == endpoint("[2001:db8::1]:25"));
}

TEST_CASE("Health checks and clients that are not TCP leave the socket's addresses") {
    for (const auto& header :
         {parse_proxy_v1("PROXY UNKNOWN\r\n"), parse_proxy_v1("PROXY UNKNOWN a b c\r\n"),
          parse_proxy_v2(v2('\x20', '\x00', "")), parse_proxy_v2(v2('\x20', '\x11', v4_body)),
          parse_proxy_v2(v2('\x21', '\x00', "tlv")),
          parse_proxy_v2(v2('\x21', '\x31', std::string(216, 'x')))}) {
        REQUIRE(header);
        CHECK_FALSE(header->has_client);
    }
}

TEST_CASE("[R02] What is not exactly a PROXY header is refused") {
    for (const std::string line :
         {"PROXY TCP4 192.0.2.1 198.51.100.2 1025 25\n",
          "PROXY TCP4 192.0.2.1 198.51.100.2 1025\r\n",
          "PROXY TCP4 192.0.2.1 198.51.100.2 1025 25 \r\n",
          "PROXY TCP4  192.0.2.1 198.51.100.2 1025 25\r\n",
          "PROXY TCP4 192.0.2.1 198.51.100.2 01025 25\r\n",
          "PROXY TCP4 192.0.2.1 198.51.100.2 65536 25\r\n",
          "PROXY TCP4 192.0.2.01 198.51.100.2 1 25\r\n", "PROXY TCP4 ::1 ::1 1 25\r\n",
          "PROXY TCP6 192.0.2.1 198.51.100.2 1 25\r\n",
          "PROXY TCP5 192.0.2.1 198.51.100.2 1 25\r\n", "PROXY UNKNOWNS\r\n",
          "proxy TCP4 192.0.2.1 198.51.100.2 1025 25\r\n", "PROXY \r\n"})
        CHECK_FALSE_MESSAGE(parse_proxy_v1(line).has_value(), line);
    CHECK_FALSE(parse_proxy_v1("PROXY UNKNOWN " + std::string(92, 'x') + "\r\n"));
    CHECK(parse_proxy_v1("PROXY UNKNOWN " + std::string(91, 'x') + "\r\n"));

    for (const std::string& header :
         {v2('\x11', '\x11', v4_body), v2('\x22', '\x11', v4_body), v2('\x21', '\x12', v4_body),
          v2('\x21', '\x13', v4_body), v2('\x21', '\x41', v4_body), v2('\x21', '\x21', v4_body),
          v2('\x21', '\x11', v4_body.substr(1)), v2('\x21', '\x11', v4_body) + "x"})
        CHECK_FALSE(parse_proxy_v2(header));

    CHECK_FALSE(run(read("EHLO client.example.org\r\n")).header);
    CHECK_FALSE(run(read("PROXY UNKNOWN " + std::string(200, 'x') + "\r\n")).header);
    CHECK_FALSE(run(read(signature + "\x21\x11\xff\xff" + std::string(70'000, 'x'))).header);
    CHECK_THROWS_AS(run(read("PROXY TCP4 192")), Gone);
    CHECK_THROWS_AS(run(read(v2('\x21', '\x11', v4_body).substr(0, 20))), Gone);
}

TEST_CASE("[F06] A stream with other endpoints tells of input as the one below it does") {
    auto [client, server] = memory_pair();
    const auto named = with_endpoints(std::move(server), {}, {});
    CHECK_FALSE(named->has_input());
    run(client->write("EHLO early\r\n"));
    CHECK(named->has_input());
}

TEST_CASE("A stream with other endpoints is otherwise the same") {
    auto [client, server] = memory_pair();
    const auto named =
        with_endpoints(std::move(server), endpoint("192.0.2.7:25"), endpoint("[2001:db8::1]:9"));
    CHECK(named->local() == endpoint("192.0.2.7:25"));
    CHECK(named->remote() == endpoint("[2001:db8::1]:9"));
    CHECK(named->tls() == nullptr);
    struct Both {
        static Task<std::string> talk(Stream* from, Stream* to) {
            co_await from->write("hello");
            co_await from->shutdown();
            char buffer[10];
            co_await to->wait_readable();
            const std::size_t n = co_await to->read_some(buffer);
            co_return std::string(buffer, n);
        }
    };
    CHECK(run(Both::talk(client.get(), named.get())) == "hello");
    CHECK(run(Both::talk(named.get(), client.get())) == "hello");
}
