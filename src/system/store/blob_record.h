// How blobs lie in the store.
//
//   space   key                           value
//   blob    BlobId                        version (1) ‖ size (8) ‖ holders (8) ‖ upload (16 or 0)
//   chunk   'i' ‖ BlobId                  CRC-32C (4) ‖ the whole small body
//   chunk   'u' ‖ upload (16) ‖ n (4)     CRC-32C (4) ‖ up to limits::chunk_bytes of a large body
//   chunk   'p' ‖ upload (16)             nothing: the upload is pending, no commit holds it yet
//
// The pending mark is written with the first chunk and erased by the commit that holds the blob; so
// a sweep finds orphans without looking at what is held. An upload is a name that begins with its
// time (base/id.h).
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/bytes.h"
#include "system/store/blob.h"

namespace pidge::store {

inline constexpr std::size_t upload_name_size = 16;

struct BlobRecord {
    std::uint64_t size_bytes = 0;
    std::uint64_t holders = 0;
    Bytes upload;  // empty: one chunk under the id
};
Bytes write_blob_record(const BlobRecord& record);
std::optional<BlobRecord> read_blob_record(std::string_view bytes);

Bytes inline_chunk_key(const BlobId& id);
Bytes upload_chunk_key(std::string_view upload, std::uint32_t number);
Bytes pending_key(std::string_view upload);
std::uint32_t chunk_count(std::uint64_t size_bytes);

inline constexpr std::size_t chunk_checksum_size = 4;
Bytes write_chunk(std::string_view bytes);
std::optional<std::string_view> read_chunk(std::string_view chunk);  // nullopt: damaged

}  // namespace pidge::store
