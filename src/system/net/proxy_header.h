// The PROXY protocol, versions 1 and 2 (haproxy.org, proxy-protocol.txt): a balancer says first who
// the client is. Only from balancers that are listed, on listeners meant for them (attacks.md R02);
// that is decided by the caller, by the address of the socket, before it reads the header.
#pragma once

#include <memory>
#include <string_view>

#include "base/result.h"
#include "system/net/stream.h"

namespace pidge::net {

struct ProxyHeader {
    // Whether a client is named. If not (the balancer's own health check, or a client that is not
    // TCP), the addresses of the socket stand.
    bool has_client = false;
    Endpoint client;
    Endpoint server;  // the address that the client connected to

    friend bool operator==(const ProxyHeader&, const ProxyHeader&) = default;
};

// Reads exactly the header, within limits.h. A refusal means: not one, or not a sound one; close
// the connection. Throws Gone like any read.
Task<Result<ProxyHeader>> read_proxy_header(Stream& stream);

// The pure parts. A whole version 1 line with its CRLF; a whole version 2 header with its body.
Result<ProxyHeader> parse_proxy_v1(std::string_view line);
Result<ProxyHeader> parse_proxy_v2(std::string_view header);

// The same stream with other endpoints. Goes below TLS: the balancer's header comes before the
// handshake.
std::unique_ptr<Stream> with_endpoints(std::unique_ptr<Stream> stream, Endpoint local,
                                       Endpoint remote);

}  // namespace pidge::net
