// What the builds of crash campaigns can do besides dying (build option PIDGE_KILL_POINTS): leave
// out one step of durability, so that a campaign shows that it would notice; and keep little in
// memory, so that files turn over many times between two faults. Other builds can do neither.
//
// PIDGE_SABOTAGE in the environment names the step: log-sync, directory-sync or audit-apart.
// PIDGE_MEMTABLE_BYTES says how much is kept in memory before it is sorted into files.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "system/store/table.h"

namespace pidge::store {

enum class Sabotage : std::uint8_t {
    log_sync,        // the log is not synced before a commit is acknowledged
    directory_sync,  // no directory is synced after files were made or renamed
    audit_apart,     // entries of logs are written after the rest of their commit
};

#ifdef PIDGE_KILL_POINTS
bool is_sabotaged(Sabotage step);
std::size_t memtable_bytes_or(std::size_t usual);
void write_audit_apart(Table& table, std::span<const Write> writes);
#else
constexpr bool is_sabotaged(Sabotage) {
    return false;
}
constexpr std::size_t memtable_bytes_or(std::size_t usual) {
    return usual;
}
inline void write_audit_apart(Table& table, std::span<const Write> writes) {
    table.write(writes, Durability::synced);
}
#endif

}  // namespace pidge::store
