#include "system/store/blob_record.h"

#include "system/store/checksum.h"
#include "system/store/limits.h"
#include "system/store/octets.h"

namespace pidge::store {

namespace {

constexpr char version = 1;
constexpr std::size_t fixed_size = 17;

}  // namespace

Bytes write_blob_record(const BlobRecord& record) {
    Bytes bytes;
    bytes.reserve(fixed_size + record.upload.size());
    bytes += version;
    append_u64(bytes, record.size_bytes);
    append_u64(bytes, record.holders);
    bytes += record.upload;
    return bytes;
}

std::optional<BlobRecord> read_blob_record(std::string_view bytes) {
    if (bytes.size() != fixed_size && bytes.size() != fixed_size + upload_name_size)
        return std::nullopt;
    if (bytes[0] != version) return std::nullopt;
    return BlobRecord{read_u64(bytes.data() + 1), read_u64(bytes.data() + 9),
                      Bytes(bytes.substr(fixed_size))};
}

Bytes inline_chunk_key(const BlobId& id) {
    return "i" + Bytes(id.bytes());
}

Bytes upload_chunk_key(std::string_view upload, std::uint32_t number) {
    Bytes key = "u" + Bytes(upload);
    append_u32(key, number);
    return key;
}

Bytes pending_key(std::string_view upload) {
    return "p" + Bytes(upload);
}

std::uint32_t chunk_count(std::uint64_t size_bytes) {
    return static_cast<std::uint32_t>((size_bytes + limits::chunk_bytes - 1) / limits::chunk_bytes);
}

Bytes write_chunk(std::string_view bytes) {
    Bytes chunk;
    chunk.reserve(chunk_checksum_size + bytes.size());
    append_u32(chunk, crc32c(bytes));
    chunk += bytes;
    return chunk;
}

std::optional<std::string_view> read_chunk(std::string_view chunk) {
    if (chunk.size() < chunk_checksum_size) return std::nullopt;
    const std::string_view bytes = chunk.substr(chunk_checksum_size);
    if (crc32c(bytes) != read_u32(chunk.data())) return std::nullopt;
    return bytes;
}

}  // namespace pidge::store
