// Guard: counts what guessers do, by network, and says when it is enough (attacks.md T04, R07). In
// memory, bounded, thread-safe.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>

#include "base/clock.h"
#include "system/net/endpoint.h"

namespace pidge::submission {

struct GuardLimits {
    std::uint32_t per_window = 10;
    std::chrono::seconds window{60};
    std::uint32_t per_day = 50;
    // What is one network: one subscriber, which has at least a /64 of IPv6.
    int v4_bits = 32, v6_bits = 64;
};

class Guard {
 public:
    Guard(const Clock& clock, GuardLimits limits) : clock_(clock), limits_(limits) {}

    void count(const net::Address& client);
    bool is_enough(const net::Address& client);

 private:
    struct Counts {
        SteadyTime window_start{}, day_start{};
        std::uint32_t in_window = 0, in_day = 0;
    };
    net::Network network_of(const net::Address& client) const;
    Counts* find(const net::Address& client);

    const Clock& clock_;
    const GuardLimits limits_;
    std::mutex mutex_;
    std::map<net::Network, Counts> counts_;
};

}  // namespace pidge::submission
