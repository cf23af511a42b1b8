// serve: HTTP/1.1 (RFC 9112) for one connection, over any Stream. One request at a time;
// connections are kept.
#pragma once

#include <functional>
#include <memory>

#include "system/http/limits.h"
#include "system/http/message.h"
#include "system/net/stream.h"
#include "system/net/task.h"

namespace pidge::http {

// A request as a handler gets it, with what is known of the connection it came on.
struct ServerRequest : Request {
    net::Endpoint remote;
    const net::TlsInfo* tls = nullptr;  // null: not TLS. Lives as long as the handler runs.
};

// The answer, and optionally who goes on writing once its header is out: a body of unknown length,
// such as an event stream (RFC 8620 §7.3). The header then has no Content-Length, `body` is not
// sent, and the connection ends with the message.
struct ServerResponse : Response {
    ServerResponse() = default;
    ServerResponse(Response response) : Response(std::move(response)) {}

    std::function<net::Task<void>(net::Stream& stream)>
        then;  // called once; sets its own deadlines
};

// Answers one request. What it throws becomes a 503 answer and a line in the log: a service is
// gone.
using Handler = std::function<net::Task<ServerResponse>(ServerRequest)>;

// Serves until the peer closes, breaks the protocol, lingers over a limit, or the program ends;
// then closes the stream. Never throws for what the peer does. Malformed requests are answered
// (400, 413, 417, 431, 501, 505) and the connection closed. It owns what it is given, so it can be
// spawned.
net::Task<void> serve(std::unique_ptr<net::Stream> stream, Handler handler, Limits limits = {});

}  // namespace pidge::http
