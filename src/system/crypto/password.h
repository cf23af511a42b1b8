// Passwords: how they are kept (argon2id, RFC 9106) and how those for applications are made.
// Thread-safe. Hashing and verifying take tens of milliseconds and limits::password_memory_bytes
// each: call them from a bounded pool.
#pragma once

#include <string_view>

#include "base/bytes.h"
#include "base/result.h"
#include "system/crypto/secret.h"

namespace pidge::crypto {

// "$argon2id$v=19$m=…,t=…,p=1$salt$hash". Refuses a password longer than
// limits::password_bytes_max; temporary when there is no memory.
Result<Bytes> hash_password(std::string_view password);

enum class PasswordMatch : unsigned char {
    no,
    yes,
    yes_rehash
};  // yes_rehash: made with other than today's limits
// A stored hash that cannot be read, or that asks for more than the limits allow, matches nothing.
// Refuses (temporary) when there is no memory for the work: that says nothing about the password.
Result<PasswordMatch> verify_password(std::string_view hash, std::string_view password);

// A fresh secret of 125 random bits for an application, to be shown once: "k7q2m-…" in five groups
// of five characters of Crockford's base 32 (no I, L, O, U), in lower case.
Secret app_password_secret();
// What a person typed or pasted as such a secret, in the one form to hash and compare: groups
// joined, lower case, O read as 0, I and L as 1. Any text can be passed; what is no such secret
// comes out as something that matches none.
Secret normalised_app_password(std::string_view typed);

}  // namespace pidge::crypto
