// The texts that are made from the table of options, so that they are never behind the program: a
// commented sample and the manual page. Pure.
#pragma once

#include <string>

#include "program/config/config.h"

namespace pidge::config {

// A whole pidge.toml: every option with what it means; a working site after a few lines are
// filled in. Optional ones stand commented out with their defaults.
std::string sample();

// docs/configuration.md.
std::string manual();

// The configuration in force, defaults included, as TOML.
std::string effective(const Config& config);

}  // namespace pidge::config
