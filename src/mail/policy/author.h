// The author of a message: what its From field says, if every reader reads the same in it
// (attacks.md P09, G9). Pure.
#pragma once

#include "base/result.h"
#include "formats/address/list.h"
#include "formats/message/header.h"

namespace pidge::policy {

struct Author {
    const message::Field* field = nullptr;  // of the header that was given
    address::ListedMailbox listed;
};

// RFC 5322 §3.6.2 allows several authors; here there must be one From field with one address, which
// is what DMARC can judge. Refused are further the forms in which readers are known to differ: a
// field that is From to some only, an address behind a route or among comments, encoded words in
// place of an address, and a From field after a line at which some readers take the header to end.
Result<Author> find_author(const message::Header& header);

// Whether a list of addresses is written in forms in which readers are known to differ about it.
bool is_ambiguous(const address::AddressList& list);

}  // namespace pidge::policy
