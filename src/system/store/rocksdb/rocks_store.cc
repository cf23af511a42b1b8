#include "system/store/rocksdb/rocks_store.h"

#include <utility>

#include "system/store/rocksdb/rocks_table.h"
#include "system/store/sabotage.h"
#include "system/store/table_store.h"

namespace pidge::store {

Result<std::unique_ptr<Store>> open_rocksdb(RocksOptions options, const Clock& clock) {
    while (options.path.size() > 1 && options.path.ends_with('/')) options.path.pop_back();
    options.memtable_bytes = memtable_bytes_or(options.memtable_bytes);
    auto table = TRY(RocksTable::open(options));
    return std::make_unique<TableStore>(embedded_engine(std::move(table), clock), clock);
}

}  // namespace pidge::store
