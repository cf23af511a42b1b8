// inspect: reads everything in a store and tells what is wrong with it. By one snapshot, so that a
// running server does not disturb it. Memory grows with the number of bodies and queue entries by a
// few octets each, not with what they hold.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "system/store/archive/transfer.h"
#include "system/store/log_entry.h"
#include "system/store/store.h"

namespace pidge::inspection {

struct Finding {
    std::string about;  // "queue 01kaf…-0"
    std::string text;   // whole sentences, for a person
};

struct Log {
    std::string name;
    store::LogEnd end;
};

struct Report {
    std::uint64_t problems = 0;
    std::vector<Finding> findings;  // the first hundred of them
    std::uint64_t records = 0, octets = 0;
    std::map<store::Space, std::uint64_t> counts;
    std::vector<Log> logs;          // that are sound up to their end
    std::uint64_t body_octets = 0;  // read and compared with their names
};

// Throws Fault when the store itself finds that what it reads is damaged, or cannot be read.
// Refuses with store::interrupted_code when `progress` says so.
net::Task<Result<Report>> inspect(store::Store& store, store::OnProgress progress);

}  // namespace pidge::inspection
