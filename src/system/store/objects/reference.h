// Reference: what lies in the row of a chunk whose octets lie in the bucket, and the name that they
// have there. The reference holds their size and checksum, so that what comes back is known to be
// what went.
//
//   value  "@object" (7) ‖ size (4) ‖ CRC-32C (4)
//   name   upload in hexadecimal (32) "/" number (8), below the prefix
//
// A reference cannot be mistaken for a chunk: it does not begin with the checksum of what follows.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.h"

namespace pidge::store {

struct Reference {
    std::uint32_t size_bytes = 0;
    std::uint32_t checksum = 0;

    bool fits(std::string_view octets) const;
};

inline constexpr std::size_t reference_size = 15;

// Nullopt for octets (one in four milliards) that have to stay in their row, because their
// reference would look like a chunk.
std::optional<Bytes> write_reference(std::string_view octets);
std::optional<Reference> read_reference(std::string_view value);  // nullopt: it is a chunk

// Of a chunk of an upload; nullopt for all other keys of space chunk.
std::optional<std::string> object_name(std::string_view chunk_key);
std::optional<Bytes> chunk_key_of(std::string_view object_name);
std::optional<std::uint32_t> upload_chunk_number(std::string_view chunk_key);

}  // namespace pidge::store
