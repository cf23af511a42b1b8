// ServerExchange: one authentication by a client, whatever the mechanism and whatever the protocol
// around it. It sees messages that are already decoded from base64. Used by one coroutine; throws
// what the backend throws (a service that is gone).
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "base/result.h"
#include "protocols/sasl/backend.h"
#include "protocols/sasl/mechanism.h"
#include "system/net/stream.h"

namespace pidge::sasl {

class ScramServer;

class ServerExchange {
 public:
    // `backend` and `tls` (null: none) live as long as this. `offered_plus`: SCRAM-SHA-256-PLUS was
    // offered.
    ServerExchange(Mechanism mechanism, Backend& backend, const net::TlsInfo* tls,
                   bool offered_plus);
    ~ServerExchange();
    ServerExchange(const ServerExchange&) = delete;

    struct Step {
        std::string challenge;             // to be sent, then the client's answer goes to respond()
        std::optional<Identity> identity;  // the exchange is over: this is who it is
    };
    // `initial`: the initial response, maybe empty; nullopt when there was none (RFC 4422 §3).
    // After a refusal the exchange is over.
    net::Task<Result<Step>> begin(std::optional<std::string> initial);
    net::Task<Result<Step>> respond(std::string response);

 private:
    enum class Expects : std::uint8_t { first, login_password, scram_final, scram_end, nothing };

    net::Task<Result<Step>> verify_plain(std::string message);
    net::Task<Result<Step>> verify_login(std::string password);
    net::Task<Result<Step>> scram_first(std::string message);
    net::Task<Result<Step>> scram_final(std::string message);

    const Mechanism mechanism_;
    Backend& backend_;
    Expects expects_ = Expects::first;
    std::string login_;
    std::unique_ptr<ScramServer> scram_;
    std::optional<Identity> identity_;
};

}  // namespace pidge::sasl
