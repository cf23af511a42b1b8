// The simplest thing that means the same as a store: maps in memory, one change at a time. What a
// store answers is compared with what this one answers.
#pragma once

#include <expected>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "system/store/store.h"

namespace pidge::store::conformance {

class Model {
 public:
    // nullopt: the change cannot be carried out (Fault).
    using Outcome = std::optional<std::expected<Committed, Conflict>>;
    Outcome apply(const Change& change);
    std::vector<Lease> lease(const DueGroup& group, WallTime now, std::size_t limit);
    void adopt(const std::vector<Lease>& leases);  // with the fences that the store gave
    void release(const Lease& lease);
    void restart() { leases_.clear(); }

    using Records = std::map<std::pair<Space, Bytes>, Bytes>;
    const Records& records() const { return state_.records; }
    const std::map<Bytes, std::vector<Bytes>>& logs() const { return state_.logs; }
    struct Body {
        Bytes bytes;
        int holders = 0;
    };
    const std::map<Bytes, Body>& bodies() const { return state_.bodies; }

 private:
    struct State {
        Records records;
        std::map<Bytes, std::vector<Bytes>> logs;
        std::map<Bytes, Body> bodies;
        std::set<Bytes> tokens;
    };
    bool carry_out(const Change::Operation& operation, State& state,
                   std::vector<std::uint64_t>& numbers);

    State state_;
    std::map<Bytes, std::uint64_t> leases_;  // by due key
};

// Where the model takes the bytes of uploaded bodies from.
void remember_upload(const std::string& upload, const Bytes& bytes);

}  // namespace pidge::store::conformance
