// The store of several nodes, on a replicated PostgreSQL: any number of processes share one
// database, and none keeps a state that another lacks. What was acknowledged is on the disk of the
// primary and, where the server has synchronous standbys, on theirs.
//
// A database that goes away (failover) makes commits and reads wait for `patience`; then they fail
// (Fault unavailable) until it is back. A commit whose connection broke is not run again before the
// database has said whether it happened. Plain tables only: see schema.h.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "system/store/store.h"

namespace pidge::store {

struct BucketOptions;  // objects/bucket.h
namespace postgres {
class Closing;
}

struct PostgresOptions {
    // libpq's connection string: "host=db1,db2,db3 dbname=pidge user=pidge". The primary among the
    // hosts is found by itself.
    std::string conninfo;
    std::string password;                      // empty: what libpq finds by itself
    std::string node;                          // for people who look at the database
    std::size_t committers = 1;                // with several, changes may overtake each other
    std::size_t readers = 8;                   // connections for reading, leasing and uploads
    std::chrono::milliseconds deadline{5000};  // for one answer of the server
    std::chrono::seconds patience{60};         // for a database that is away
    // Where large bodies lie, and from which octet on. Null: in the database.
    std::shared_ptr<const BucketOptions> bucket;
    std::uint64_t bucket_from_bytes = 1 << 20;

    std::shared_ptr<postgres::Closing> closing;  // of the open store; it makes one

    // --- for tests ---
    // How long a node must have been heard itself before it takes over from the silent.
    std::chrono::milliseconds takeover_after{15'000};
    // Microseconds by which leases expire, in place of the database's clock.
    std::function<std::int64_t()> lease_clock_us;
    // Called at each step of a commit ("reading", "writing", "committing", "committed"); true cuts
    // the connection there.
    std::function<bool(std::string_view step)> cut;
};

// Makes the tables, or those that a newer version has added; what is there stays. The refusal's
// text is for the administrator.
Result<void> init_postgres(const PostgresOptions& options);

// Refused when the server cannot be reached, is no pidge store, is made by a newer version, or
// would lose what was acknowledged (fsync off). `clock` outlives the store.
Result<std::unique_ptr<Store>> open_postgres(PostgresOptions options,
                                             const Clock& clock = system_clock());

// The hosts of the connection string (or of the environment, as libpq takes them): names or
// addresses, without folders of sockets. Empty for a string that libpq does not understand.
std::vector<std::string> postgres_hosts(const std::string& conninfo);

// What an administrator should know of the server; for `pidge check`.
struct PostgresFinding {
    enum class Kind : std::uint8_t { good, warning, error } kind;
    std::string text;
    std::string advice;
};
std::vector<PostgresFinding> examine_postgres(const PostgresOptions& options);

}  // namespace pidge::store
