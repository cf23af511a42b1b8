// Where mail for an address goes next. Pure.
#pragma once

#include "formats/address/mailbox.h"
#include "mail/directory/site.h"
#include "mail/queue/entry.h"

namespace pidge::policy {

// By the closest route of the domain; without one by the domain's mail exchangers.
queue::Destination destination_for(const directory::Site& site, const address::Mailbox& recipient);

}  // namespace pidge::policy
