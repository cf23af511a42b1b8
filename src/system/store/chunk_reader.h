// The reader of one body: chunk by chunk, each verified, as it was when it was opened.
// Used by one coroutine at a time; the store outlives it. Throws Fault when a chunk is missing or
// damaged.
#pragma once

#include <memory>

#include "system/store/blob.h"
#include "system/store/blob_record.h"
#include "system/store/pool.h"
#include "system/store/store.h"
#include "system/store/table.h"

namespace pidge::store {

class ChunkReader final : public BlobReader {
 public:
    ChunkReader(Table& table, Pool& pool, BlobId id, BlobRecord record,
                std::shared_ptr<const Snapshot> at)
        : table_(table), pool_(pool), id_(id), record_(std::move(record)), at_(std::move(at)) {}

    std::uint64_t size_bytes() const override { return record_.size_bytes; }
    net::Task<Bytes> read(std::uint64_t offset, std::size_t length) override;

 private:
    using Chunk = std::shared_ptr<const Bytes>;  // as stored, verified
    Bytes key_of(std::uint32_t number) const;
    Chunk verified(std::optional<Bytes> stored, std::uint32_t number) const;
    net::Task<Chunk> chunk(std::uint32_t number);

    Table& table_;
    Pool& pool_;
    const BlobId id_;
    const BlobRecord record_;
    const std::shared_ptr<const Snapshot> at_;
    Chunk last_;  // for those who read a body in small steps
    std::uint32_t last_number_ = 0;
};

}  // namespace pidge::store
