// docs/commands.md, made from the table of verbs. Pure.
#pragma once

#include <string>

namespace pidge::command {

std::string manual();

}  // namespace pidge::command
