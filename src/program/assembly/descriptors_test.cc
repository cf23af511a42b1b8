#include "program/assembly/descriptors.h"

#include <sys/resource.h>

#include <doctest/doctest.h>

using namespace pidge;
using namespace pidge::program;

TEST_CASE("[F14] listeners share the descriptors that the rest of the program does not need") {
    config::Config config;
    config.relay.connections = 100;
    config.listeners.resize(3);
    config.listeners[0].connections = 20'000;
    config.listeners[1].connections = 10'000;
    config.listeners[2].service = config::Service::http;
    config.listeners[2].connections = 50;
    const auto share = [&](std::size_t i, std::uint64_t descriptors) {
        return connections_of(config, config.listeners[i], descriptors);
    };
    CHECK(share(0, 65'536) == 20'000);
    CHECK(share(1, 65'536) == 10'000);
    CHECK(share(0, 30'612) == 20'000);
    CHECK(share(0, 15'612) == 10'000);
    CHECK(share(1, 15'612) == 5'000);
    CHECK(share(0, 0) == 1);
    CHECK(share(0, UINT64_MAX) == 20'000);
}

TEST_CASE("our limit of descriptors is raised to what the system allows") {
    rlimit before{};
    REQUIRE(::getrlimit(RLIMIT_NOFILE, &before) == 0);
    const rlimit low{std::min<rlim_t>(before.rlim_max, 256), before.rlim_max};
    REQUIRE(::setrlimit(RLIMIT_NOFILE, &low) == 0);
    CHECK(raise_descriptors() == before.rlim_max);
    CHECK(::setrlimit(RLIMIT_NOFILE, &before) == 0);
}
