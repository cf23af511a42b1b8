// One loading of a ServerContext; never changed. Connections hold it until their handshake is over,
// and OpenSSL's context for as long as they live. For the .cc files of system/tls only.
#pragma once

#include "system/tls/loaded_certificate.h"
#include "system/tls/openssl.h"
#include "system/tls/server_context.h"

namespace pidge::tls {

struct ServerContext::State {
    ServerOptions options;
    std::vector<LoadedCertificate> certificates;
    std::string alpn;  // in wire form
    ContextPtr context;

    static Result<std::shared_ptr<const State>> load(ServerOptions options, WallTime now);
};

}  // namespace pidge::tls
