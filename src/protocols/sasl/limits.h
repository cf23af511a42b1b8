// Limits of SASL exchanges, each with its reason. Sizes in octets.
#pragma once

#include <cstddef>
#include <cstdint>

namespace pidge::sasl::limits {

inline constexpr std::size_t message_octets = 8192;  // one message of either side, decoded
inline constexpr std::size_t login_octets = 255;  // RFC 4616 §2: prepared names need not be longer
inline constexpr std::size_t password_octets = 1024;  // what system/crypto takes at most
inline constexpr std::size_t nonce_octets = 256;      // of a peer; ours has 24
// As a client: a server's count below this is no protection (RFC 7677 §4), one above it only burns
// our time.
inline constexpr std::uint32_t iterations_min = 4096;
inline constexpr std::uint32_t iterations_max = 200'000;  // some 70 ms
inline constexpr std::size_t salt_octets = 256;

}  // namespace pidge::sasl::limits
