// request: one request over a connected Stream, for our own control socket and for the daemons
// beside us. Several may follow each other on one stream as long as the answers do not say
// "Connection: close".
#pragma once

#include "system/http/limits.h"
#include "system/http/message.h"
#include "system/net/stream.h"
#include "system/net/task.h"

namespace pidge::http {

// Throws net::Gone when the connection ends, a deadline passes (header_timeout until the answer
// begins, body_timeout as for a server), or what comes is no HTTP or over the limits: the service
// behind it is then as good as gone.
net::Task<Response> request(net::Stream& stream, Request request, Limits limits = {});

}  // namespace pidge::http
