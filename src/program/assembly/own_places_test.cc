#include "program/assembly/own_places.h"

#include <doctest/doctest.h>

#include "system/net/own_addresses.h"

using namespace pidge;
using Addresses = std::vector<net::Address>;

TEST_CASE("[R05] a listener on all addresses is met at each address of the machine") {
    const Addresses machine = {*net::Address::parse("192.0.2.7"),
                               *net::Address::parse("2001:db8::7")};
    const auto places = [&](const char* listening) {
        return program::own_places("mx.site.example", {*net::Endpoint::parse(listening)}, 25,
                                   machine);
    };
    for (const char* everywhere : {"0.0.0.0:25", "[::]:25"}) {
        CHECK(places(everywhere).names == std::vector<std::string>{"mx.site.example"});
        CHECK(places(everywhere).addresses == machine);
        CHECK(places(everywhere).is_this_machine);
    }
    CHECK(places("192.0.2.9:25").addresses == Addresses{*net::Address::parse("192.0.2.9")});
    CHECK(places("192.0.2.9:25").is_this_machine);
    // Who has port 25 of this machine then is not we.
    for (const char* other : {"0.0.0.0:2525", "127.0.0.1:2525"}) {
        CHECK(places(other).addresses.empty());
        CHECK_FALSE(places(other).is_this_machine);
    }
}

TEST_CASE("the machine tells its addresses") {
    const Addresses machine = net::own_addresses();
    CHECK(std::ranges::any_of(machine, [](const auto& each) { return each.is_loopback(); }));
}
