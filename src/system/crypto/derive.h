// Keys derived from passwords and from other keys. Thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/bytes.h"
#include "system/crypto/digest.h"

namespace pidge::crypto {

// PBKDF2 with HMAC-SHA-256, 32 octets: Hi() of RFC 5802 §2.2. Blocks for milliseconds: call it from
// a pool. `iterations` is at least 1; whoever takes the count from a peer bounds it first.
Digest pbkdf2_sha256(std::string_view password, std::string_view salt, std::uint32_t iterations);

// HKDF with SHA-256 (RFC 5869), at most 255 * 32 octets.
Bytes hkdf_sha256(std::string_view key, std::string_view salt, std::string_view info,
                  std::size_t length);

}  // namespace pidge::crypto
