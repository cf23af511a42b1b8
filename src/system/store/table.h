// Table: what an engine has to offer for reading, and an embedded one for writing; the rest of the
// contract is built once on top of it (table_store.h). An ordered map per space with atomic
// batches, snapshots and a choice whether a read may wait for the disk.
//
// Thread-safe. write() is called by one thread for commits and by others for uploads ahead of their
// commit.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/clock.h"
#include "system/store/space.h"
#include "system/store/store.h"

namespace pidge::store {

// One write of a batch. The key is the number of its space as one octet, then the key itself, so
// that an engine that keeps several spaces in one place need not put it together again. Views into
// the caller's memory.
struct Write {
    enum class Kind : std::uint8_t { put, erase, erase_range };
    Kind kind;
    std::string_view key;
    // `erase_range`: the end as a key with its space; empty: the end of the space.
    std::string_view value;

    Space space() const { return static_cast<Space>(key.front()); }
};

Bytes table_key(Space space, std::string_view key);

enum class Effort : std::uint8_t {
    at_once,   // what is in memory; nothing else
    may_wait,  // may read the disk
};
enum class Durability : std::uint8_t {
    synced,  // on the disk when write() returns, with all that was written before
    later,   // with the next synced write
};

struct DiskSpace {
    std::uint64_t free_bytes = 0, total_bytes = 0;
};

class Table {
 public:
    virtual ~Table() = default;

    // The outer optional is empty when it could not be told at_once; never when it may wait. Throw
    // Fault (damaged, failed).
    virtual std::optional<std::optional<Bytes>> get(Space space, std::string_view key,
                                                    const Snapshot* at, Effort effort) = 0;
    virtual std::optional<std::vector<Item>> scan(Space space, const ScanOptions& options,
                                                  const Snapshot* at, Effort effort) = 0;
    // Several at once; may wait. For engines that pay for each question.
    virtual std::vector<std::optional<Bytes>> multi_get(
        std::span<const std::pair<Space, Bytes>> keys, const Snapshot* at) {
        std::vector<std::optional<Bytes>> values;
        for (const auto& [space, key] : keys)
            values.push_back(*get(space, key, at, Effort::may_wait));
        return values;
    }
    virtual std::shared_ptr<const Snapshot> snapshot() = 0;
    // For the reader of a body, which may take long. Null where an engine cannot keep a state that
    // long: a body that is dropped meanwhile then ends the reading (Fault unavailable).
    virtual std::shared_ptr<const Snapshot> reader_snapshot() { return snapshot(); }

    // All or nothing, in order: a later write of a key wins. Throws Fault: `full`, nothing was done
    // and recover() may help; `failed`, nobody knows, and no further write will be tried.
    virtual void write(std::span<const Write> writes, Durability durability) = 0;

    // The time by the clock that all users of the table share; may wait.
    virtual WallTime now(const Clock& own) { return own.now(); }

    // Whether writing can be tried again after a Fault of this kind. By one thread.
    enum class After : std::uint8_t { full, unavailable };
    virtual bool recover(After after) = 0;
    // The store is about to close: what waits is still tried, but nothing is waited for long. Any
    // thread.
    virtual void hurry() {}
    virtual std::optional<DiskSpace> disk_space() = 0;  // nullopt: there is no disk below
    virtual std::string loss() const { return {}; }     // store.h
};

}  // namespace pidge::store
