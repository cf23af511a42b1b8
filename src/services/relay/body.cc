#include "services/relay/body.h"

#include "services/relay/limits.h"
#include "system/store/kill_point.h"
#include "system/store/store.h"

namespace pidge::relay {

Body::Body(Bytes trace, std::unique_ptr<store::BlobReader> blob, std::function<bool()> may_end)
    : trace_(std::move(trace)), blob_(std::move(blob)), may_end_(std::move(may_end)) {}

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
    if (may_end_ && offset_ >= size_bytes() && !may_end_())
        throw store::Fault(store::Fault::Why::unavailable,
                           "another node may have taken the delivery over");
    store::kill_point("relay-in-body");
    co_return chunk;
}

}  // namespace pidge::relay
