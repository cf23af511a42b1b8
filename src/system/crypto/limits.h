// Limits of this folder, each with its reason.
#pragma once

#include <cstddef>

namespace pidge::crypto::limits {

// Argon2id for passwords (RFC 9106 §4): 3 passes over 32 MiB. Dearer than OWASP's least (2 over 19
// MiB), about as long as libsodium's INTERACTIVE (2 over 64 MiB), but with half its memory: several
// logins at once must fit beside the store in a process of 512 MB. Both figures stand in the hash,
// so they can be raised at any time (needs_rehash).
inline constexpr unsigned long long password_passes = 3;
inline constexpr std::size_t password_memory_bytes = 32U << 20;

// What a stored hash may ask for at most: a record from elsewhere must not take the machine's
// memory. Four times libsodium's INTERACTIVE memory, and its SENSITIVE passes.
inline constexpr unsigned long long password_passes_max = 4;
inline constexpr std::size_t password_memory_bytes_max = 256U << 20;

// Longer passwords are refused unread: nobody types them, and hashing them would cost time before
// argon2id even begins.
inline constexpr std::size_t password_bytes_max = 1024;

// Octets in which a secret for an application is written: 5 groups of 5 characters of 5 bits, 125
// bits.
inline constexpr std::size_t app_password_groups = 5;
inline constexpr std::size_t app_password_group_characters = 5;

// A file with one password in its first line, and perhaps a remark below.
inline constexpr std::size_t secret_file_octets_max = 4096;

}  // namespace pidge::crypto::limits
