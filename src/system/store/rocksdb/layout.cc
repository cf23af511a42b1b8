#include "system/store/rocksdb/layout.h"

#include <rocksdb/convenience.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/table.h>
#include <rocksdb/utilities/table_properties_collectors.h>

#include <algorithm>

#include "system/store/rocksdb/engine_log.h"

namespace pidge::store {

namespace {

rocksdb::CompressionType compression() {
    const auto offered = rocksdb::GetSupportedCompressions();
    const bool has_lz4 = std::ranges::find(offered, rocksdb::kLZ4Compression) != offered.end();
    return has_lz4 ? rocksdb::kLZ4Compression : rocksdb::kNoCompression;
}

rocksdb::ColumnFamilyOptions common(const std::shared_ptr<rocksdb::Cache>& cache) {
    rocksdb::BlockBasedTableOptions table;
    table.block_cache = cache;
    table.filter_policy.reset(rocksdb::NewBloomFilterPolicy(10));
    table.cache_index_and_filter_blocks =
        true;  // so that the cache's size bounds all memory for reading
    table.pin_l0_filter_and_index_blocks_in_cache = true;
    table.format_version = 5;
    table.checksum = rocksdb::kXXH3;
    rocksdb::ColumnFamilyOptions options;
    options.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
    options.compression = compression();
    options.level_compaction_dynamic_level_bytes = true;
    options.max_write_buffer_number = 3;
    // Most keys that a commit asks for are new: the filter says so without a walk through the
    // memtable.
    options.memtable_whole_key_filtering = true;
    options.memtable_prefix_bloom_size_ratio = 0.02;
    return options;
}

}  // namespace

Family family_of(Space space) {
    switch (space) {
        case Space::due:
            return Family::due;
        case Space::audit:
            return Family::audit;
        case Space::chunk:
            return Family::bodies;
        default:
            return Family::records;
    }
}

rocksdb::DBOptions database_options(const RocksOptions& options, rocksdb::Env* env) {
    rocksdb::DBOptions database;
    database.env = env;
    database.create_if_missing = true;
    database.create_missing_column_families = true;
    database.paranoid_checks = true;

    // The log ends where the power went: what comes after its first torn record was never
    // acknowledged, since each acknowledgement waits for a sync of all before it.
    // kAbsoluteConsistency would refuse to start after each power cut; the tolerant modes would go
    // on behind a hole.
    database.wal_recovery_mode = rocksdb::WALRecoveryMode::kPointInTimeRecovery;
    // RocksDB uses no log file again in this mode: records of its former use would look like its
    // end.
    database.recycle_log_file_num = 0;
    database.max_total_wal_size = 4 * options.memtable_bytes;
    database.db_write_buffer_size = 3 * options.memtable_bytes;
    // It is written as a whole each time (whole_file.h). A store that keeps little in memory is one
    // under test: MANIFEST and CURRENT turn over as often as its other files.
    database.max_manifest_file_size = options.memtable_bytes < (1U << 20) ? 4096 : 1U << 20;

    // One thread writes commits, so RocksDB's own queueing and parallel insertion only cost.
    database.allow_concurrent_memtable_write = false;
    database.enable_write_thread_adaptive_yield = false;
    database.max_background_jobs = 2;
    database.bytes_per_sync =
        1U << 20;                   // background files reach the disk bit by bit, not in one stall
    database.max_open_files = 128;  // beside sockets, in a process that may have 256
    database.avoid_unnecessary_blocking_io = true;  // deletes files on its own threads

    database.info_log = std::make_shared<EngineLog>();
    database.stats_dump_period_sec = 0;
    database.stats_persist_period_sec = 0;
    return database;
}

std::vector<rocksdb::ColumnFamilyDescriptor> family_options(const RocksOptions& options) {
    const auto cache = rocksdb::NewLRUCache(options.cache_bytes);

    auto records = common(cache);
    records.write_buffer_size = options.memtable_bytes / 2;
    auto due = common(cache);
    due.write_buffer_size = options.memtable_bytes / 8;
    // Files of which much is erasures are compacted early: they lie in front of what a scan looks
    // for.
    due.table_properties_collector_factories.push_back(
        rocksdb::NewCompactOnDeletionCollectorFactory(1024, 256));
    auto audit = common(cache);
    audit.write_buffer_size = options.memtable_bytes / 2;
    auto bodies = common(cache);
    bodies.write_buffer_size = options.memtable_bytes;
    bodies.enable_blob_files = true;
    bodies.min_blob_size = 4096;
    bodies.blob_file_size = 64U << 20;
    bodies.blob_cache = cache;
    bodies.enable_blob_garbage_collection = true;
    bodies.blob_garbage_collection_age_cutoff = 0.5;
    bodies.blob_garbage_collection_force_threshold = 0.5;
    return {{rocksdb::kDefaultColumnFamilyName, records},
            {"due", due},
            {"audit", audit},
            {"bodies", bodies}};
}

}  // namespace pidge::store
