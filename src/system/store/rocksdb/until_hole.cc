#include "system/store/rocksdb/until_hole.h"

#include <algorithm>

namespace pidge::store {

rocksdb::IOStatus UntilHole::Read(std::size_t count, const rocksdb::IOOptions& options,
                                  rocksdb::Slice* result, char* scratch,
                                  rocksdb::IODebugContext* context) {
    rocksdb::IOStatus status = target()->Read(count, options, result, scratch, context);
    if (status.ok())
        *result = rocksdb::Slice(result->data(), before_hole({result->data(), result->size()}));
    return status;
}

rocksdb::IOStatus UntilHole::Skip(std::uint64_t) {
    return rocksdb::IOStatus::NotSupported("a log is read from its beginning");
}

std::size_t UntilHole::before_hole(std::string_view octets) {
    std::size_t at = 0;
    while (!is_over_ && !is_broken_) {
        const std::size_t passed = std::min(to_header_, octets.size() - at);
        at += passed;
        to_header_ -= passed;
        while (header_octets_ < header_.size() && at < octets.size())
            header_[header_octets_++] = octets[at++];
        if (header_octets_ < header_.size()) return octets.size();
        take_header();
        if (is_over_) return at - std::min(at, header_.size());
    }
    return is_over_ ? 0 : octets.size();
}

void UntilHole::take_header() {
    if (left_in_block_ == 0) left_in_block_ = log_block_bytes;
    const LogRecordHeader header({header_.data(), header_.size()});
    const std::size_t record_bytes = header_.size() + header.length;
    is_over_ = header.is_hole();
    is_broken_ = record_bytes > left_in_block_;
    if (is_over_ || is_broken_) return;
    left_in_block_ -= record_bytes;
    to_header_ = header.length;
    header_octets_ = 0;
    if (left_in_block_ >= header_.size()) return;
    to_header_ += left_in_block_;
    left_in_block_ = 0;
}

}  // namespace pidge::store
