// ScramServer: the server's side of SCRAM-SHA-256 and SCRAM-SHA-256-PLUS (RFC 5802 §3, §5, §6; RFC
// 7677) as a state machine: client_first, then server_first, then client_final. Pure; it neither
// waits nor draws random numbers.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "protocols/sasl/backend.h"
#include "protocols/sasl/channel_binding.h"
#include "protocols/sasl/scram_message.h"

namespace pidge::sasl {

class ScramServer {
 public:
    enum class Variant : std::uint8_t { plain, plus };

    // `tls`: of the stream, may be null; lives as long as this. `offered_plus`: whether the client
    // was told of the variant with channel binding, for the downgrade check.
    ScramServer(Variant variant, const net::TlsInfo* tls, bool offered_plus, std::string nonce)
        : variant_(variant), tls_(tls), offered_plus_(offered_plus), nonce_(std::move(nonce)) {}

    // The client's first message; its names are for the look-up of the verifier.
    Result<ClientFirst> client_first(std::string_view message);
    std::string server_first(ScramVerifier verifier);

    struct Final {
        bool proof_holds = false;
        std::string message;  // "v=…"; only to be sent when the proof holds
    };
    // Refuses what cannot be read, a foreign nonce, a channel binding that is not ours.
    Result<Final> client_final(std::string_view message);
    const ScramVerifier& verifier() const { return verifier_; }

 private:
    const Variant variant_;
    const net::TlsInfo* const tls_;
    const bool offered_plus_;
    std::string nonce_;
    ClientFirst first_;
    std::string binding_data_;
    std::string server_first_;
    ScramVerifier verifier_;
};

}  // namespace pidge::sasl
