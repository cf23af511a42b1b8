#include "system/store/blob.h"

#include <cstring>

#include "base/text.h"

namespace pidge::store {

std::optional<BlobId> BlobId::from_bytes(std::string_view bytes) {
    if (bytes.size() != size) return std::nullopt;
    BlobId id;
    std::memcpy(id.bytes_.data(), bytes.data(), size);
    return id;
}

std::optional<BlobId> BlobId::from_hex(std::string_view text) {
    const auto bytes = text::from_hex(text);
    return bytes ? from_bytes(*bytes) : std::nullopt;
}

std::string BlobId::text() const {
    return text::hex(bytes());
}

}  // namespace pidge::store
