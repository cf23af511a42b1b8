// ServerContext: what a service needs to accept TLS. One per service, because its sessions are good
// for that service only (attacks.md G5): a ticket of one is not taken by another. Thread-safe.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "system/tls/certificate.h"

namespace pidge::tls {

struct ServerOptions {
    std::string service;  // "imap"; the scope of its sessions
    // The first is shown to clients that name no host, or one that no certificate covers. Several
    // may cover one name with different kinds of keys.
    std::vector<CertificateFiles> certificates;
    // RFC 7301: protocols of this service, the preferred first. A client that offers protocols,
    // none of which is here, gets the alert no_application_protocol (attacks.md F09); one that
    // offers none is served.
    std::vector<std::string> alpn;
    // Mail over an expired certificate is better than none: at port 25 hardly anybody looks, and
    // people are warned by their programs. Who can keep the former certificate refuses it.
    enum class Expired : std::uint8_t { refused, served } expired = Expired::refused;
};

class ServerContext {
 public:
    // Refused with file and fault: missing, unreadable, key that does not fit, expired (see
    // ServerOptions), key open to everybody.
    static Result<std::shared_ptr<ServerContext>> create(ServerOptions options, WallTime now);
    ~ServerContext();
    ServerContext(const ServerContext&) = delete;
    ServerContext& operator=(const ServerContext&) = delete;

    // A reload: new handshakes use what `fresh` has read, open connections stay as they are. Cannot
    // fail.
    void adopt(const ServerContext& fresh);

    std::vector<CertificateStatus> certificates() const;

    struct State;  // for system/tls only
    std::shared_ptr<const State> state() const;

 private:
    explicit ServerContext(std::shared_ptr<const State> state);

    mutable std::mutex mutex_;
    std::shared_ptr<const State> state_;
};

}  // namespace pidge::tls
