// The four messages of SCRAM (RFC 5802 §5.1, §7), with the names of RFC 7677. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace pidge::sasl {

// gs2-header client-first-message-bare
struct ClientFirst {
    enum class Binding : std::uint8_t {
        unsupported,            // "n": the client cannot
        unsupported_by_server,  // "y": the client can, and thinks that we cannot
        used,                   // "p=…"
    };
    Binding binding = Binding::unsupported;
    std::string binding_type;   // for used
    std::string authorization;  // decoded, prepared; may be empty
    std::string login;          // decoded, prepared
    std::string nonce;
    std::string gs2_header;  // as it stood there, for the check of the last message
    std::string bare;        // likewise, for AuthMessage
};
Result<ClientFirst> parse_client_first(std::string_view message);

struct ServerFirst {
    std::string nonce;  // of both
    std::string salt;   // octets
    std::uint32_t iterations = 0;
};
Result<ServerFirst> parse_server_first(std::string_view message);
std::string text_of(const ServerFirst& message);

struct ClientFinal {
    std::string binding;  // decoded: gs2-header and channel binding data
    std::string nonce;
    std::string proof;          // 32 octets
    std::string without_proof;  // as it stood there, for AuthMessage
};
Result<ClientFinal> parse_client_final(std::string_view message);

// "=" and "," of a name as =3D and =2C.
std::string escape_name(std::string_view name);

}  // namespace pidge::sasl
