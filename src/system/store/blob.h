// Blobs: immutable bodies, named by the SHA-256 of their bytes. Streamed in ahead of the commit
// that holds them, so the memory for one is bounded whatever its size; what no commit came to hold
// is swept.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "system/net/task.h"

namespace pidge::store {

class BlobId {
 public:
    static constexpr std::size_t size = 32;
    BlobId() = default;
    static std::optional<BlobId> from_bytes(std::string_view bytes);
    static std::optional<BlobId> from_hex(std::string_view text);
    std::string_view bytes() const {
        return {reinterpret_cast<const char*>(bytes_.data()), bytes_.size()};
    }
    std::string text() const;  // 64 hexadecimal digits
    friend auto operator<=>(const BlobId&, const BlobId&) = default;

 private:
    std::array<std::uint8_t, size> bytes_{};
};

// A body that is ready to be held by a commit. Small ones travel inside the commit; of large ones
// the chunks are in the store already, under the name of their upload, not yet synced: the commit's
// sync covers them.
struct Blob {
    BlobId id;
    std::uint64_t size_bytes = 0;
    std::shared_ptr<const Bytes> bytes;  // null: uploaded
    std::string upload;                  // name of the upload; empty when the bytes are here
};

class BlobWriter {
 public:
    virtual ~BlobWriter() = default;  // without finish(): what was uploaded is swept
    virtual net::Task<void> write(std::string_view bytes) = 0;
    // The blob; write nothing after it. A finished blob that no commit holds within an hour is
    // swept.
    virtual net::Task<Blob> finish() = 0;
};

class BlobReader {
 public:
    virtual ~BlobReader() = default;
    virtual std::uint64_t size_bytes() const = 0;
    // Up to `length` octets from `offset`; fewer only at the end. Checksums are verified; throws
    // Fault when they are wrong.
    virtual net::Task<Bytes> read(std::uint64_t offset, std::size_t length) = 0;
};

}  // namespace pidge::store
