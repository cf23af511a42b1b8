// What HELO and EHLO have in common, and what EHLO says of us.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "protocols/sasl/mechanism.h"
#include "protocols/smtp/server/session/session.h"

namespace pidge::smtp {

// Domain or address literal (RFC 5321 §4.1.1.1). Refuses (501) an empty or over-long one, and any
// that holds more than visible characters. Deviation (RFC 5321 §4.1.1.1): what it looks like is not
// checked further; many clients do not know their name.
Result<void> check_hello(std::string_view argument);

// The mechanisms that AUTH offers this client now; empty: AUTH is not offered. Only within TLS
// (attacks.md T01).
std::vector<sasl::Mechanism> offered_mechanisms(const Session& session);

// The extensions that this client is offered now, one for each line of the reply to EHLO.
std::vector<std::string> offered_extensions(const Session& session);

}  // namespace pidge::smtp
