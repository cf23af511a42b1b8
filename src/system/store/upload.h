// The writer of one body. A small one stays in memory and travels inside its commit; of a larger
// one each full chunk is hashed and written ahead by a pool thread while the next one fills: two
// chunks in memory, whatever the size.
#pragma once

#include <memory>

#include "system/crypto/digest.h"
#include "system/store/blob.h"
#include "system/store/committer.h"
#include "system/store/pool.h"
#include "system/store/table.h"
#include "system/store/uploads.h"

namespace pidge::store {

class UploadWriter final : public BlobWriter {
 public:
    UploadWriter(Table& table, Pool& pool, Uploads& uploads, Committer& committer)
        : table_(table), pool_(pool), uploads_(uploads), committer_(committer) {}

    net::Task<void> write(std::string_view bytes) override;
    net::Task<Blob> finish() override;

 private:
    // What the pool's thread works on; it outlives a writer that goes while a chunk is being
    // written.
    struct Stage;
    struct Nothing {};

    net::Task<void> send_chunk();
    net::Task<void> settle();

    Table& table_;
    Pool& pool_;
    Uploads& uploads_;
    Committer& committer_;
    std::uint64_t size_bytes_ = 0;
    Bytes filling_;
    std::shared_ptr<Stage> stage_;  // null: nothing was sent yet
    std::shared_ptr<net::Completion<Nothing>> sending_;
};

}  // namespace pidge::store
