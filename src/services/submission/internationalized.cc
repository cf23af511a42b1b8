#include "services/submission/internationalized.h"

#include <algorithm>

namespace pidge::submission {

bool is_internationalized(const queue::Entry& entry, bool header_beyond_ascii) {
    if (header_beyond_ascii || (entry.sender && entry.sender->needs_smtputf8())) return true;
    return std::ranges::any_of(entry.recipients, [](const queue::Recipient& recipient) {
        return recipient.address.needs_smtputf8();
    });
}

}  // namespace pidge::submission
