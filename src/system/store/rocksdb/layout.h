// How spaces lie in RocksDB: which column family holds which, and how each is tuned.
#pragma once

#include <rocksdb/cache.h>
#include <rocksdb/db.h>
#include <rocksdb/options.h>

#include <cstddef>
#include <memory>
#include <vector>

#include "system/store/rocksdb/rocks_store.h"
#include "system/store/space.h"

namespace pidge::store {

class WatchedFiles;

// Families in the order of their handles. Keys carry the number of their space in each.
enum class Family : std::uint8_t {
    records,  // small things that are read at random
    due,      // short-lived keys in order of time: many erasures at the front
    audit,    // written in order, hardly read
    bodies,   // chunks of blobs, outside the sorted files (BlobDB)
};

Family family_of(Space space);
rocksdb::DBOptions database_options(const RocksOptions& options, rocksdb::Env* env);
std::vector<rocksdb::ColumnFamilyDescriptor> family_options(const RocksOptions& options);

}  // namespace pidge::store
