// Body: the octets of a queued message as they are sent: trace ‖ blob, in chunks, so that the
// memory for one is bounded whatever its size.
#pragma once

#include <cstdint>
#include <memory>

#include "base/bytes.h"
#include "system/net/task.h"
#include "system/store/blob.h"

namespace pidge::relay {

class Body {
 public:
    Body(Bytes trace, std::unique_ptr<store::BlobReader> blob);

    std::uint64_t size_bytes() const { return trace_.size() + blob_->size_bytes(); }
    // The next octets; empty at the end. Throws store::Fault.
    net::Task<Bytes> next();
    void rewind() { offset_ = 0; }  // for another host

 private:
    const Bytes trace_;
    std::unique_ptr<store::BlobReader> blob_;
    std::uint64_t offset_ = 0;
};

}  // namespace pidge::relay
