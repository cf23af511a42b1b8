#include "system/store/rocksdb/replayed_logs.h"

#include <cstring>
#include <utility>

#include "base/bytes.h"
#include "system/store/rocksdb/log_record.h"
#include "system/store/rocksdb/log_scan.h"
#include "system/store/rocksdb/place.h"

namespace pidge::store {

void ReplayedLogs::examine(rocksdb::FileSystem& files, const std::string& log,
                           const rocksdb::FileOptions& options) {
    std::unique_ptr<rocksdb::FSSequentialFile> file;
    if (!files.NewSequentialFile(log, options, &file, nullptr).ok()) return;
    LogScan scan;
    Bytes block(log_block_bytes, '\0');
    for (bool is_over = false; !is_over;) {
        std::size_t size = 0;
        // A read may give less than it was asked for.
        while (size < block.size() && !is_over) {
            rocksdb::Slice read;
            char* const to = block.data() + size;
            if (!file->Read(block.size() - size, {}, &read, to, nullptr).ok()) return;
            if (read.data() != to) std::memmove(to, read.data(), read.size());
            size += read.size();
            is_over = read.empty();
        }
        scan.take_block(std::string_view(block).substr(0, size));
    }
    const bool goes_on_later =
        expected_sequence_ && scan.first_sequence() && *scan.first_sequence() > *expected_sequence_;
    if (goes_on_later && damaged_.empty())
        keep(files, last_read_.name, last_read_.from, last_read_.to);
    const std::uint64_t end = scan.damaged_at().value_or(scan.size_bytes());
    // RocksDB replays nothing behind such a log, unless it ends with a whole record.
    if (!damaged_.empty() && is_torn_)
        keep(files, log, 0, scan.size_bytes());
    else if (scan.is_proven())
        keep(files, log, end, scan.size_bytes());
    is_torn_ = is_torn_ || scan.damaged_at();
    if (scan.next_sequence()) expected_sequence_ = scan.next_sequence();
    last_read_ = {.name = log, .from = end, .to = scan.size_bytes(), .kept_as = {}};
}

void ReplayedLogs::keep(rocksdb::FileSystem& files, const std::string& log, std::uint64_t from,
                        std::uint64_t to) {
    DamagedLog damaged{
        .name = log, .from = from, .to = to, .kept_as = log + std::string(damaged_ending)};
    // A second name for it: nothing of a log is written once the next one is begun.
    const bool is_kept = files.LinkFile(log, damaged.kept_as, {}, nullptr).ok() ||
                         files.FileExists(damaged.kept_as, {}, nullptr).ok();
    if (!is_kept) damaged.kept_as.clear();
    damaged_.push_back(std::move(damaged));
}

}  // namespace pidge::store
