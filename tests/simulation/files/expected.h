// Expected: what a store of the trial on files must hold after its first n commits, and the commits
// that lead there; both follow from the seed.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>

#include "simulation/chance.h"
#include "system/store/store.h"

namespace pidge::simulation {

class Expected {
 public:
    // The change that leads from this state to the next, and the next state. The body, when there
    // is one, has been written ahead.
    struct Step {
        store::Change change;
        std::map<std::pair<store::Space, Bytes>, Bytes> records;
        std::map<Bytes, std::shared_ptr<const Bytes>> bodies;  // by id
        std::map<Bytes, Bytes> holders;                        // key in space message, body
        std::uint64_t commits = 0;
        std::int64_t sum = 0;
    };
    net::Task<std::shared_ptr<Step>> next(store::Store& store, Chance& chance) const;
    void advance(const Step& step);

    std::uint64_t commits() const { return commits_; }
    // What is wrong; nullopt: all is as it should be.
    net::Task<std::optional<std::string>> compare(store::Store& store) const;

 private:
    std::map<std::pair<store::Space, Bytes>, Bytes> records_;
    std::map<Bytes, std::shared_ptr<const Bytes>> bodies_;
    std::map<Bytes, Bytes> holders_;
    std::uint64_t commits_ = 0;
    std::int64_t sum_ = 0;
};

// How many commits the store says it holds.
net::Task<std::uint64_t> commits_in(store::Store& store);

}  // namespace pidge::simulation
