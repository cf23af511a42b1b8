// What differs between the configuration in force and a new one, for a reload. Pure.
#pragma once

#include <string>
#include <vector>

#include "program/config/config.h"
#include "program/config/option.h"

namespace pidge::config {

struct Difference {
    std::string key;  // "limits.recipients", "listener \"mx\".address"
    std::string before, after;
    Changeable changeable = Changeable::at_reload;
};

// Entries of listeners are told apart by their names, those of other repeated sections by their
// place. An entry that is new or gone is one difference.
std::vector<Difference> compare(const Config& before, const Config& after);

// The new configuration with everything that needs a restart left as it is in force.
Config reloadable(const Config& before, const Config& after);

}  // namespace pidge::config
