// Submitter: who hands in a message, and which addresses they may write under.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "mail/directory/principal.h"
#include "mail/directory/range.h"

namespace pidge::policy {

struct Submitter {
    enum class Kind : std::uint8_t {
        outside,  // nobody known: mail for our own domains only
        person,
        automatic,  // a process: may set Sender and Reply-To as it likes [J4]
        range,      // a machine of an anonymous range: any address of ours that exists
    };
    Kind kind = Kind::outside;
    std::string id;    // principal's or range's, as text; empty: outside
    std::string name;  // login, or network of the range; for refusals and the audit trail
    // address::key() of each own address → its published form. Empty for ranges.
    std::map<std::string, std::string> own;

    bool is_submitting() const { return kind != Kind::outside; }
};

Submitter submitter_of(const directory::Principal& principal);
Submitter submitter_of(const directory::Range& range);

}  // namespace pidge::policy
