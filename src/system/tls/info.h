// What is to be known of a session after its handshake. For the .cc files of system/tls only.
#pragma once

#include "system/net/stream.h"
#include "system/tls/client_context.h"
#include "system/tls/openssl.h"

namespace pidge::tls {

net::TlsInfo server_info(SSL* ssl);
net::TlsInfo client_info(SSL* ssl, Verification verification, const std::string& server_name);

}  // namespace pidge::tls
