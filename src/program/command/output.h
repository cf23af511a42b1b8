// Standard output: what the commands answer, and whether it was taken.
#pragma once

#include <string_view>

#include "base/result.h"

namespace pidge::command {

// At the end at the latest it is told whether that could be done.
void put(std::string_view text);

// Writes what is left. Refuses with the reason when anything of it could not be written; a reader
// who has heard enough (EPIPE, as of `pidge … | head`) is none.
Result<> finish_output();

}  // namespace pidge::command
