// Calls of RocksDB, which is not made for exceptions: after one (of memory that was refused,
// mostly) nobody knows what it holds. A record may be in its buffers still, to be written once more
// at the end; a thread may count as being in the middle of a read. So the process ends there and
// then, and says why; the next start goes on from the log, with all that was acknowledged.
#pragma once

#include <exception>

namespace pidge::store {

[[noreturn]] void end_for(const std::exception& error) noexcept;

template <typename Call>
auto guarded(Call call) -> decltype(call()) {
    try {
        return call();
    } catch (const std::exception& error) {
        end_for(error);
    }
}

}  // namespace pidge::store
