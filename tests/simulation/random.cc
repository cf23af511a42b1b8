// Takes the place of base/random.cc in the simulation's programs: the linker finds these first and
// leaves the other out of the archive.
#include "base/random.h"

#include <algorithm>
#include <cstring>

#include "simulation/chance.h"

namespace pidge {

namespace {
simulation::Chance chance(0);
}

void simulation::seed_random(std::uint64_t seed) {
    chance = Chance(seed);
}

std::uint64_t random_u64() {
    return chance.next();
}

void fill_random(std::span<std::byte> into) {
    while (!into.empty()) {
        const std::uint64_t number = chance.next();
        const std::size_t count = std::min(into.size(), sizeof number);
        std::memcpy(into.data(), &number, count);
        into = into.subspan(count);
    }
}

}  // namespace pidge
