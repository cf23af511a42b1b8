#include "system/store/rocksdb/log_scan.h"

#include "system/store/checksum.h"

namespace pidge::store {

namespace {

// RocksDB's log_format.h: checksum (4 octets), length (2), type (1), then the octets; the lower
// octets of a number come first.
constexpr std::size_t header_bytes = 7;
enum Type : unsigned { full = 1, first = 2, middle = 3, last = 4 };

// A batch begins with its sequence number (8 octets) and how many there are in it (4); then its
// operations, each with a tag.
constexpr std::size_t count_at = 8, operations_at = 12;
constexpr char log_data_tag = 3;
constexpr std::size_t mark_at = operations_at + 2;  // behind the tag and the mark's length
constexpr std::size_t head_bytes = mark_at + synced_mark.size();

std::uint64_t low_first(std::string_view octets) {
    std::uint64_t number = 0;
    for (std::size_t i = octets.size(); i > 0; --i)
        number = number << 8U | static_cast<unsigned char>(octets[i - 1]);
    return number;
}

// As RocksDB keeps it, so that the sum of what holds sums is none of them.
std::uint32_t masked(std::uint32_t sum) {
    return ((sum >> 15U) | (sum << 17U)) + 0xa282ead8U;
}

bool is_as_written(std::string_view record) {
    const auto type = static_cast<unsigned char>(record[6]);
    return type >= full && type <= last &&
           masked(crc32c(record.substr(6))) == low_first(record.substr(0, 4));
}

bool is_synced(std::string_view head) {
    return head.size() == head_bytes && head[operations_at] == log_data_tag &&
           head.substr(mark_at) == synced_mark;
}

}  // namespace

void LogScan::take_block(std::string_view block) {
    const std::uint64_t begin = size_bytes_;
    size_bytes_ += block.size();
    for (std::size_t at = 0; block.size() - at >= header_bytes;) {
        const std::size_t length = low_first(block.substr(at + 4, 2));
        const bool is_hole = length == 0 && block[at + 6] == 0;
        if (is_hole || header_bytes + length > block.size() - at) {
            // Where the next record begins cannot be known; at the next block's beginning it can.
            note_damage(begin + at);
            return;
        }
        const std::string_view record = block.substr(at, header_bytes + length);
        if (is_as_written(record))
            take_record(begin + at, static_cast<unsigned char>(record[6]),
                        record.substr(header_bytes));
        else
            note_damage(begin + at);
        at += record.size();
    }
}

void LogScan::take_record(std::uint64_t at, unsigned type, std::string_view octets) {
    if (type == full || type == first) {
        if (is_in_batch_) note_damage(batch_at_);
        is_in_batch_ = true;
        batch_at_ = at;
        head_.clear();
    } else if (!is_in_batch_) {
        note_damage(at);  // the beginning of its batch is missing
        return;
    }
    head_ += octets.substr(0, head_bytes - head_.size());
    if (type == first || type == middle) return;
    is_in_batch_ = false;
    take_batch();
}

void LogScan::take_batch() {
    if (head_.size() < operations_at) return;
    const std::string_view head = head_;
    const std::uint64_t sequence = low_first(head.substr(0, count_at));
    const std::uint64_t next = sequence + low_first(head.substr(count_at, 4));
    if (!damaged_at_) {
        if (!first_sequence_) first_sequence_ = sequence;
        next_sequence_ = next;
        return;
    }
    // Octets of a former log that the disk shows there.
    if (next_sequence_ && sequence < *next_sequence_) return;
    is_proven_ = is_proven_ || has_synced_behind_;
    has_synced_behind_ = has_synced_behind_ || is_synced(head);
}

void LogScan::note_damage(std::uint64_t at) {
    is_in_batch_ = false;
    if (!damaged_at_) damaged_at_ = at;
}

}  // namespace pidge::store
