// Whether a message needs SMTPUTF8 at the next hop (RFC 6531 §3.2). Many clients say SMTPUTF8
// whatever the message; one that holds nothing beyond ASCII in addresses and header can go to hosts
// without the extension too. Our own trace field is ASCII (received.h), and an original recipient
// has a form in ASCII (RFC 6533 §3). Pure.
#pragma once

#include "mail/queue/entry.h"

namespace pidge::submission {

// `header_beyond_ascii`: of the message or of one of its parts.
bool is_internationalized(const queue::Entry& entry, bool header_beyond_ascii);

}  // namespace pidge::submission
