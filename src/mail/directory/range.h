// An anonymous range: a network of the site whose machines submit without credentials [O3], with
// the person or team that answers for it [J20].
#pragma once

#include <optional>
#include <string>

#include "base/clock.h"
#include "mail/directory/ids.h"
#include "system/net/endpoint.h"

namespace pidge::directory {

struct Range {
    RangeId id;
    net::Network network;
    std::string owner;    // address of who is responsible
    std::string purpose;  // "printers, building 7"
    WallTime created;
    std::optional<WallTime> expires;
    // Its machines must have a name in the DNS that leads back to their address.
    bool needs_name = false;

    friend bool operator==(const Range&, const Range&) = default;
};

}  // namespace pidge::directory
