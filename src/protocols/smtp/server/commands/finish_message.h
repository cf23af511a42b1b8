// The end of a message, by DATA or BDAT LAST.
#pragma once

#include "protocols/smtp/server/session/session.h"

namespace pidge::smtp {

// Asks the backend to keep the message, replies, and ends the transaction. `received`: a refusal
// until now.
net::Task<void> finish_message(Session& session, Result<void> received);

}  // namespace pidge::smtp
