#include "system/store/upload.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/check.h"
#include "system/store/blob_record.h"
#include "system/store/kill_point.h"
#include "system/store/limits.h"
#include "system/store/store.h"

namespace pidge::store {

struct UploadWriter::Stage {
    Stage(Table& table, Uploads& uploads, Committer& committer)
        : table(table), uploads(uploads), committer(committer), name(uploads.begin()) {}
    ~Stage() {
        if (!is_finished) uploads.abandon(name);
    }
    Stage(const Stage&) = delete;

    void write_chunk_ahead();

    Table& table;
    Uploads& uploads;
    Committer& committer;
    const std::string name;
    crypto::Sha256 sum;
    Bytes chunk;
    std::uint32_t next_chunk = 0;
    bool is_finished = false;
};

// On a thread of the pool. The mark goes in one batch with the first chunk: there is never a chunk
// without it or a record.
void UploadWriter::Stage::write_chunk_ahead() {
    sum.update(chunk);
    const Bytes mark = table_key(Space::chunk, pending_key(name));
    const Bytes key = table_key(Space::chunk, upload_chunk_key(name, next_chunk));
    const Bytes value = write_chunk(chunk);
    chunk.clear();
    const std::array writes{Write{Write::Kind::put, mark, {}}, Write{Write::Kind::put, key, value}};
    kill_point("store-before-chunk");
    try {
        table.write(std::span(writes).subspan(next_chunk == 0 ? 0 : 1), Durability::later);
    } catch (const Fault& fault) {
        // A write that failed leaves the log in an unknown state, whoever made it.
        if (fault.why == Fault::Why::failed) committer.set_failed();
        if (fault.why == Fault::Why::full) committer.set_full(fault.what());
        throw;
    }
    kill_point("store-after-chunk");
    ++next_chunk;
}

net::Task<void> UploadWriter::write(std::string_view bytes) {
    size_bytes_ += bytes.size();
    if (size_bytes_ > limits::blob_bytes_max)
        throw Fault(Fault::Why::full, "a body is larger than the store takes");
    while (!bytes.empty()) {
        // Sent only when more follows, so that an upload never ends with an empty chunk.
        if (filling_.size() == limits::chunk_bytes) co_await send_chunk();
        const std::size_t taken = std::min(limits::chunk_bytes - filling_.size(), bytes.size());
        filling_ += bytes.substr(0, taken);
        bytes.remove_prefix(taken);
    }
}

net::Task<void> UploadWriter::settle() {
    if (!sending_) co_return;
    const auto sending = std::exchange(sending_, nullptr);
    co_await sending->wait();
}

net::Task<void> UploadWriter::send_chunk() {
    co_await settle();
    if (!stage_) stage_ = std::make_shared<Stage>(table_, uploads_, committer_);
    stage_->chunk.swap(filling_);
    filling_.clear();
    sending_ = pool_.start([stage = stage_] {
        stage->write_chunk_ahead();
        return Nothing{};
    });
}

net::Task<Blob> UploadWriter::finish() {
    Blob blob;
    blob.size_bytes = size_bytes_;
    if (!stage_ && size_bytes_ <= limits::inline_blob_bytes) {
        blob.id = *BlobId::from_bytes(crypto::bytes_of(crypto::sha256(filling_)));
        blob.bytes = std::make_shared<const Bytes>(std::move(filling_));
        co_return blob;
    }
    co_await send_chunk();
    co_await settle();
    blob.id = *BlobId::from_bytes(crypto::bytes_of(stage_->sum.finish()));
    blob.upload = stage_->name;
    check(stage_->next_chunk == chunk_count(size_bytes_), "an upload has lost a chunk");
    stage_->is_finished = true;
    uploads_.finish(stage_->name);
    co_return blob;
}

}  // namespace pidge::store
