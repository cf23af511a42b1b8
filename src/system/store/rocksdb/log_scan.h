// Whether a log of RocksDB was damaged after it had been synced, or merely ends where the power
// went. RocksDB itself cannot tell: it replays a log up to the first record that is not as it was
// written, and passes over the rest.
//
// It can be told because nothing is written behind a synced batch before its sync has succeeded
// (rocks_table.cc). So where a whole synced batch and another batch behind it are still there, all
// before them was on the disk, and no power cut takes away what is. And a log is synced before the
// next one is begun (watched_files.h): where the next one's numbers go on later than what can be
// read of this one ends, this one has lost records that it held. (RocksDB begins the log after a
// recovery with a record that goes on just there.)
//
// Not every damage can be told from a cut: not that of the last batch, and in a log of less than a
// block not that of a record's length.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.h"

namespace pidge::store {

// Begins the octets of each batch that is synced before anything is written behind it; without a
// meaning to RocksDB (WriteBatch::PutLogData).
inline constexpr std::string_view synced_mark = "synced";

class LogScan {
 public:
    // The octets of the log block by block, the last one with what there is.
    void take_block(std::string_view block);

    std::optional<std::uint64_t> first_sequence() const { return first_sequence_; }
    // After the last batch before the damage; nullopt: there is none.
    std::optional<std::uint64_t> next_sequence() const { return next_sequence_; }
    std::optional<std::uint64_t> damaged_at() const { return damaged_at_; }  // octet
    std::uint64_t size_bytes() const { return size_bytes_; }
    // What is damaged had been synced, as this log alone tells.
    bool is_proven() const { return is_proven_; }

 private:
    void take_record(std::uint64_t at, unsigned type, std::string_view octets);
    void take_batch();
    void note_damage(std::uint64_t at);

    std::uint64_t size_bytes_ = 0;
    std::optional<std::uint64_t> first_sequence_, next_sequence_, damaged_at_;
    bool has_synced_behind_ = false;  // a whole synced batch behind the damage
    bool is_proven_ = false;
    bool is_in_batch_ = false;
    std::uint64_t batch_at_ = 0;  // octet where it begins
    Bytes head_;                  // its first octets
};

}  // namespace pidge::store
