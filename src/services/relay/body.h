// Body: the octets of a queued message as they are sent: trace ‖ blob, in chunks, so that the
// memory for one is bounded whatever its size.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>

#include "base/bytes.h"
#include "system/net/task.h"
#include "system/store/blob.h"

namespace pidge::relay {

class Body {
 public:
    // `may_end` is asked before the last octets are given, for whoever has them may take the
    // message: false throws store::Fault instead. Null: always.
    Body(Bytes trace, std::unique_ptr<store::BlobReader> blob,
         std::function<bool()> may_end = nullptr);

    std::uint64_t size_bytes() const { return trace_.size() + blob_->size_bytes(); }
    // The next octets; empty at the end. Throws store::Fault.
    net::Task<Bytes> next();
    void rewind() { offset_ = 0; }  // for another host

 private:
    const Bytes trace_;
    std::unique_ptr<store::BlobReader> blob_;
    const std::function<bool()> may_end_;
    std::uint64_t offset_ = 0;
};

}  // namespace pidge::relay
