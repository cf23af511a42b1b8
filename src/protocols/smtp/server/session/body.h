// The body of a message on its way from the channel to the backend, by DATA or by BDAT.
#pragma once

#include <cstdint>
#include <optional>

#include "base/result.h"
#include "protocols/smtp/server/session/session.h"

namespace pidge::smtp {

// Reads from after 354 to the true end of the data, whatever is in between. Returns the refusal of
// the message: the first of the backend's, our size limit's and the line ends' (550 5.5.2); or
// success: the body has been handed over whole. May have closed the session, when a body was too
// large by far.
net::Task<Result<void>> receive_data(Session& session);

// Reads exactly `size_octets` of a chunk likewise, unless it returns with the session closing.
net::Task<Result<void>> receive_chunk(Session& session, std::uint64_t size_octets);

// Reads and throws away the payload of a refused BDAT. A payload that is larger than
// limits::refused_payload_octets is not waited for: the session is closed.
net::Task<void> discard_chunk(Session& session, std::uint64_t size_octets);

Refusal too_large();  // 552 5.3.4

}  // namespace pidge::smtp
