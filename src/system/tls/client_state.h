// The inside of ClientContext. For the .cc files of system/tls only.
#pragma once

#include "system/tls/client_context.h"
#include "system/tls/openssl.h"
#include "system/tls/session_cache.h"

namespace pidge::tls {

struct ClientContext::State {
    explicit State(ClientOptions from) : options(std::move(from)), sessions(options.sessions_max) {}

    const ClientOptions options;
    SessionCache sessions;
    ContextPtr context;
};

// What a connection's SSL object refers to, so that sessions that arrive later find their place.
struct SessionPlace {
    std::shared_ptr<ClientContext::State> state;
    std::string server;
};
void set_session_place(SSL* ssl, SessionPlace* place);

}  // namespace pidge::tls
