// Reads one value of the file into its place, as its option says. Pure.
#pragma once

#include <optional>
#include <string>

#include "program/config/document.h"
#include "program/config/option.h"

namespace pidge::config {

// What is wrong with a value, before it is known to which file it belongs.
struct Wrong {
    Position at;
    std::string wrong;
    std::string instead;
};

// `folder`: of the configuration file, where relative paths start.
std::optional<Wrong> set_value(const Option& option, Slot slot, const Node& node,
                               const std::string& folder);

}  // namespace pidge::config
