#include "services/relay/body.h"

#include "services/relay/limits.h"
#include "system/store/kill_point.h"

namespace pidge::relay {

Body::Body(Bytes trace, std::unique_ptr<store::BlobReader> blob)
    : trace_(std::move(trace)), blob_(std::move(blob)) {}

net::Task<Bytes> Body::next() {
    Bytes chunk;
    if (offset_ < trace_.size()) chunk = trace_.substr(offset_);
    const std::uint64_t blob_offset = offset_ + chunk.size() - trace_.size();
    if (chunk.size() < limits::body_chunk_octets && blob_offset < blob_->size_bytes()) {
        Bytes more = co_await blob_->read(blob_offset, limits::body_chunk_octets - chunk.size());
        if (chunk.empty())
            chunk = std::move(more);
        else
            chunk += more;
    }
    offset_ += chunk.size();
    store::kill_point("relay-in-body");
    co_return chunk;
}

}  // namespace pidge::relay
