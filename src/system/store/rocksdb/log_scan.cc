#include "system/store/rocksdb/log_scan.h"

#include "system/store/checksum.h"
#include "system/store/rocksdb/log_record.h"

namespace pidge::store {

namespace {

// A batch begins with its sequence number (8 octets) and how many there are in it (4); then its
// operations, each with a tag.
constexpr std::size_t count_at = 8, operations_at = 12;
constexpr char log_data_tag = 3;
constexpr std::size_t mark_at = operations_at + 2;  // behind the tag and the mark's length
constexpr std::size_t head_bytes = mark_at + synced_mark.size();

// As RocksDB keeps it, so that the sum of what holds sums is none of them.
std::uint32_t masked(std::uint32_t sum) {
    return ((sum >> 15U) | (sum << 17U)) + 0xa282ead8U;
}

bool is_as_written(const LogRecordHeader& header, std::string_view record) {
    return header.type >= LogRecordHeader::full && header.type <= LogRecordHeader::last &&
           masked(crc32c(record.substr(LogRecordHeader::type_at))) == header.checksum;
}

bool is_synced(std::string_view head) {
    return head.size() == head_bytes && head[operations_at] == log_data_tag &&
           head.substr(mark_at) == synced_mark;
}

}  // namespace

void LogScan::take_block(std::string_view block) {
    const std::uint64_t begin = size_bytes_;
    size_bytes_ += block.size();
    constexpr std::size_t header_bytes = LogRecordHeader::size_bytes;
    for (std::size_t at = 0; block.size() - at >= header_bytes;) {
        const LogRecordHeader header(block.substr(at, header_bytes));
        if (header.is_hole() || header_bytes + header.length > block.size() - at) {
            // Where the next record begins cannot be known; at the next block's beginning it can.
            note_damage(begin + at);
            return;
        }
        const std::string_view record = block.substr(at, header_bytes + header.length);
        if (is_as_written(header, record))
            take_record(begin + at, header.type, record.substr(header_bytes));
        else
            note_damage(begin + at);
        at += record.size();
    }
}

void LogScan::take_record(std::uint64_t at, unsigned type, std::string_view octets) {
    using enum LogRecordHeader::Type;
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
