#include "system/store/rocksdb/guarded.h"

#include <cstdlib>

#include "base/log.h"

namespace pidge::store {

namespace {

constexpr log::Event engine_ended{
    "store-engine-ended", log::Level::error,
    "The store could not go on, and the program has ended; nothing that was acknowledged is lost.",
    "Start it again, unless that happens by itself. Where the reason is bad_alloc it had too "
    "little memory: allow it more (MemoryMax, ulimit -v), or give less to the store's cache."};

}  // namespace

void end_for(const std::exception& error) noexcept {
    log::write(engine_ended, {{"reason", error.what()}});
    std::_Exit(EXIT_FAILURE);
}

}  // namespace pidge::store
