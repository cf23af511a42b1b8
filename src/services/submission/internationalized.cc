#include "services/submission/internationalized.h"

#include <algorithm>

namespace pidge::submission {

namespace {

bool is_ascii(std::string_view text) {
    return std::ranges::all_of(text, [](unsigned char c) { return c < 128; });
}

}  // namespace

bool is_internationalized(const queue::Entry& entry, bool header_beyond_ascii) {
    if (header_beyond_ascii || !is_ascii(entry.trace)) return true;
    if (entry.sender && entry.sender->needs_smtputf8()) return true;
    return std::ranges::any_of(entry.recipients, [](const queue::Recipient& recipient) {
        return recipient.address.needs_smtputf8() || !is_ascii(recipient.original);
    });
}

}  // namespace pidge::submission
