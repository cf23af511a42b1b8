// The memory engine: a store for tests, simulations and trying pidge out. Nothing survives the
// process; what it held survives the store when its MemoryDisk is kept, so that restarts can be
// played through.
#pragma once

#include <memory>

#include "base/clock.h"
#include "system/store/store.h"

namespace pidge::store {

class MemoryDisk;

// `clock` outlives the store. A disk belongs to one store at a time.
std::unique_ptr<Store> open_memory(const Clock& clock);
std::unique_ptr<Store> open_memory(const Clock& clock, std::shared_ptr<MemoryDisk> disk);
std::shared_ptr<MemoryDisk> make_memory_disk();

}  // namespace pidge::store
