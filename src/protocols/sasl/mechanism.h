// The mechanisms that both roles know.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace pidge::sasl {

enum class Mechanism : std::uint8_t {
    scram_sha_256_plus,  // RFC 5802, RFC 7677, bound to the TLS session
    scram_sha_256,
    plain,  // RFC 4616
    login,  // draft-murchison-sasl-login: two prompts; obsolete, but old clients know no other
};

// Names are compared in any case.
std::optional<Mechanism> mechanism_of(std::string_view name);
std::string_view name_of(Mechanism mechanism);

}  // namespace pidge::sasl
