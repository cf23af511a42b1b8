// BodySource: where the client gets the octets of a message from, piece by piece, so that memory
// does not grow with it. Used by one coroutine.
#pragma once

#include <cstdint>
#include <string_view>

#include "system/net/task.h"

namespace pidge::smtp {

class BodySource {
 public:
    virtual ~BodySource() = default;
    // Of all pieces together; it must be exact.
    virtual std::uint64_t size_octets() const = 0;
    // The next piece, valid until the next call; empty at the end. Canonical CR LF text unless the
    // envelope says BodyType::binary. Dots are not stuffed.
    virtual net::Task<std::string_view> next() = 0;
};

}  // namespace pidge::smtp
