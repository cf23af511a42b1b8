// The envelope: may this submitter send from here to there? Pure: what the directory says is handed
// in.
#pragma once

#include <optional>

#include "base/result.h"
#include "formats/address/mailbox.h"
#include "mail/directory/directory.h"
#include "mail/directory/site.h"
#include "mail/policy/submitter.h"

namespace pidge::policy {

// The sender as it goes out: published form for an own address [J4]. `found` is what the directory
// says about an address in one of our domains; `smtputf8`: the client asked for it. A machine of a
// range that writes under a foreign or null sender does not submit but hands in mail like anybody
// outside; `submitter` is changed to say so.
Result<std::optional<address::Mailbox>> plan_sender(Submitter& submitter,
                                                    const std::optional<address::Mailbox>& sender,
                                                    const directory::Site& site,
                                                    const directory::Found& found, bool smtputf8);

// Whether mail may go to an address outside our domains [J12]; for one inside `found` must be
// something.
Result<void> check_recipient(const Submitter& submitter, const address::Mailbox& recipient,
                             const directory::Site& site, const directory::Found& found);

}  // namespace pidge::policy
