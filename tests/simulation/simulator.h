// Simulator: runs seeds. One seed is one run of the whole program in one thread, with everything
// that can go wrong drawn from the seed, until every message has come to its end; then the ledger
// judges. The same seed gives the same trace, bit for bit.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "simulation/world.h"

namespace pidge::simulation {

struct Outcome {
    std::uint64_t trace = 0;
    int lives = 0, cuts = 0;
    Ledger::Counts counts;
    std::vector<std::string> complaints;
};

class Simulator {
 public:
    Simulator();
    ~Simulator();
    // `teller` gets the trace line by line; it may be empty.
    Outcome run(std::uint64_t seed, Sabotage sabotage = Sabotage::none,
                std::function<void(const std::string&)> teller = {});

 private:
    struct Site;  // the directory that each run begins with
    const std::unique_ptr<Site> site_;
};

}  // namespace pidge::simulation
