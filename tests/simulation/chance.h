// Chance: numbers drawn from a seed, the same on every machine. Whatever a simulation decides, it
// decides with one of these. random.cc puts one below base/random.h besides, so that identifiers
// and jitter come from the seed too.
#pragma once

#include <chrono>
#include <cstdint>

namespace pidge::simulation {

class Chance {
 public:
    explicit Chance(std::uint64_t seed) : state_(seed) {}

    // SplitMix64.
    std::uint64_t next() {
        std::uint64_t z = (state_ += 0x9e37'79b9'7f4a'7c15);
        z = (z ^ (z >> 30)) * 0xbf58'476d'1ce4'e5b9;
        z = (z ^ (z >> 27)) * 0x94d0'49bb'1331'11eb;
        return z ^ (z >> 31);
    }
    std::uint64_t below(std::uint64_t end) { return next() % end; }  // end is not 0
    std::uint64_t between(std::uint64_t first, std::uint64_t last) {
        return first + below(last - first + 1);
    }
    bool one_in(std::uint64_t n) { return below(n) == 0; }
    std::chrono::microseconds between(std::chrono::microseconds first,
                                      std::chrono::microseconds last) {
        const auto span = static_cast<std::uint64_t>((last - first).count());
        return first + std::chrono::microseconds(below(span + 1));
    }

 private:
    std::uint64_t state_;
};

// From here on base/random.h draws from this seed, in this program.
void seed_random(std::uint64_t seed);

}  // namespace pidge::simulation
