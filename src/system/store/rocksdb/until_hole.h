// A log of RocksDB that ends where it has a hole: at the first record whose header is zero.
//
// A power cut may leave a log with its size and without some of its pages. RocksDB passes over such
// a stretch to its next block of 32 KiB without a word and would take the records behind it, which
// stand on those that are missing.
#pragma once

#include <rocksdb/file_system.h>

#include <array>
#include <memory>
#include <string_view>

#include "system/store/rocksdb/log_record.h"

namespace pidge::store {

// To be read from its beginning to its end, by one thread.
class UntilHole final : public rocksdb::FSSequentialFileOwnerWrapper {
 public:
    explicit UntilHole(std::unique_ptr<rocksdb::FSSequentialFile> log)
        : rocksdb::FSSequentialFileOwnerWrapper(std::move(log)) {}

    rocksdb::IOStatus Read(std::size_t count, const rocksdb::IOOptions& options,
                           rocksdb::Slice* result, char* scratch,
                           rocksdb::IODebugContext* context) override;
    rocksdb::IOStatus Skip(std::uint64_t count) override;

 private:
    std::size_t before_hole(std::string_view octets);
    void take_header();

    std::array<char, LogRecordHeader::size_bytes> header_{};
    std::size_t header_octets_ = 0;  // of them, read already
    std::size_t to_header_ = 0;      // octets until the next header
    std::size_t left_in_block_ = 0;  // behind the next header's beginning; 0: a new block
    bool is_over_ = false;
    bool is_broken_ = false;  // no record can be that long: RocksDB ends there by itself
};

}  // namespace pidge::store
