// The keys of SCRAM-SHA-256 (RFC 5802 §3). Pure. salted_password blocks for milliseconds: call
// keys_of from a pool.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "system/crypto/digest.h"

namespace pidge::sasl {

struct ScramKeys {
    std::string client_key, stored_key, server_key;  // 32 octets each
};
// password: prepared. For enrolment (the verifier is salt, iterations, stored_key, server_key) and
// for clients.
ScramKeys keys_of(std::string_view password, std::string_view salt, std::uint32_t iterations);

std::string exclusive_or(std::string_view a, std::string_view b);  // of equal sizes

// 24 octets of visible ASCII, from 18 random ones.
std::string make_nonce();

}  // namespace pidge::sasl
