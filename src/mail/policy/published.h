// The published form of an address of ours, which goes out in place of what was written [J4, J19].
// Pure.
#pragma once

#include <string>

#include "formats/address/mailbox.h"

namespace pidge::policy {

// As written where the published form needs SMTPUTF8 and the client did not ask for it: it may hand
// in the ASCII alias of such an address, and the message can go where that can (RFC 6531 §3.2).
address::Mailbox published_form(const address::Mailbox& written, const std::string& published,
                                bool smtputf8);

}  // namespace pidge::policy
