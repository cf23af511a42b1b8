// A domain of ours: mail for it is accepted, and its addresses may be used by those who own them.
#pragma once

#include <string>
#include <vector>

#include "base/clock.h"

namespace pidge::directory {

struct Domain {
    std::string name;  // normal form: lower case, A-labels
    WallTime created;
    // Who gets the mail of the role addresses that exist by construction [J5]. Addresses; empty:
    // the mail goes where the domain's mail goes, under the role address itself.
    std::vector<std::string> postmaster;
    std::vector<std::string> abuse;

    friend bool operator==(const Domain&, const Domain&) = default;
};

}  // namespace pidge::directory
