#include "system/store/memory/memory_store.h"

#include <utility>

#include "system/store/memory/memory_disk.h"
#include "system/store/table_store.h"

namespace pidge::store {

std::shared_ptr<MemoryDisk> make_memory_disk() {
    return std::make_shared<MemoryDisk>();
}

std::unique_ptr<Store> open_memory(const Clock& clock, std::shared_ptr<MemoryDisk> disk) {
    return std::make_unique<TableStore>(embedded_engine(std::move(disk), clock), clock);
}

std::unique_ptr<Store> open_memory(const Clock& clock) {
    return open_memory(clock, make_memory_disk());
}

}  // namespace pidge::store
