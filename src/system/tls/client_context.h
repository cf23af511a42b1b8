// ClientContext: how we connect to others by TLS: which certificates we demand, and the sessions
// that can be resumed. Thread-safe.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/result.h"
#include "system/tls/limits.h"

namespace pidge::tls {

enum class Verification : std::uint8_t {
    // RFC 7435, for MX: any certificate will do. TlsInfo::peer_verified still says what `required`
    // would have said.
    opportunistic,
    // The certificate must lead to a trusted authority and name the server; otherwise Gone(tls).
    required,
    // RFC 7672: the certificate is held against the TLSA records in ConnectOptions. The handshake
    // succeeds in either case
    // and TlsInfo::peer_verified tells; when it is false, nothing may be sent to a server that has
    // usable records.
    dane,
};

struct ClientOptions {
    Verification verification = Verification::required;
    std::string authorities_path;  // PEM file; empty: those of the system
    // Remembered for resumption; never with DANE.
    std::size_t sessions_max = limits::client_sessions;
};

class ClientContext {
 public:
    // Refused when the file of authorities cannot be read.
    static Result<std::shared_ptr<ClientContext>> create(ClientOptions options);
    ~ClientContext();
    ClientContext(const ClientContext&) = delete;
    ClientContext& operator=(const ClientContext&) = delete;

    std::size_t sessions() const;  // how many are remembered

    struct State;  // for system/tls only
    const std::shared_ptr<State>& state() const { return state_; }

 private:
    explicit ClientContext(std::shared_ptr<State> state);

    const std::shared_ptr<State> state_;
};

}  // namespace pidge::tls
