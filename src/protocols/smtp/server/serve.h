// serve: one SMTP connection, from before the greeting to its end, on ports 25, 587 and 465 (RFC
// 5321, 6409, 8314). Extensions: PIPELINING, SIZE, 8BITMIME, BINARYMIME, CHUNKING, SMTPUTF8,
// ENHANCEDSTATUSCODES, DSN, LIMITS, STARTTLS, AUTH. How a session behaves is told by
// session/session.h and table.h.
#pragma once

#include <memory>

#include "protocols/smtp/backend.h"
#include "protocols/smtp/server/session/options.h"
#include "system/net/stream.h"
#include "system/net/task.h"

namespace pidge::smtp {

// Returns when the connection has ended, however it did; throws nothing. To be spawned on the event
// loop of `stream`; `backend` and `options` outlive it. Where TLS comes first (port 465) the
// handshake has been done.
net::Task<void> serve(std::unique_ptr<net::Stream> stream, Backend& backend,
                      const ServerOptions& options);

}  // namespace pidge::smtp
