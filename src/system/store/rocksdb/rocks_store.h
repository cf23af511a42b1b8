// The store of one machine, on RocksDB. One log, synced once per group of commits; what was
// acknowledged is there after a kill and after a power cut, and nothing of a change without all of
// it.
//
// A failed write or sync is final: the store refuses all further changes (Fault failed) until it is
// opened anew and has recovered from its log. A full disk is not: it takes changes again within
// seconds of there being space.
#pragma once

#include <cstddef>
#include <memory>
#include <string>

#include "base/clock.h"
#include "base/result.h"
#include "system/store/store.h"

namespace pidge::store {

struct RocksOptions {
    // A directory of the store's own; made when it is not there, its parent must be.
    std::string path;
    std::size_t cache_bytes = 64U << 20;  // for what is read
    // What is kept in memory before it is sorted into files; also bounds the log that a restart has
    // to read.
    std::size_t memtable_bytes = 32U << 20;
};

// The refusal's text is for the administrator: the store is in use, made by a newer version, not a
// store, or not ours to open. `clock` outlives the store.
Result<std::unique_ptr<Store>> open_rocksdb(RocksOptions options,
                                            const Clock& clock = system_clock());

}  // namespace pidge::store
