// serve: runs the service until SIGTERM or SIGINT. SIGHUP reads the configuration again, all or
// nothing. A second SIGTERM ends the program at once, also where it is ending by itself already.
#pragma once

#include <string>

#include "base/result.h"
#include "program/config/config.h"

namespace pidge::program {

// Returns the exit code of an orderly end; refuses with the reason when it cannot start.
Result<int> serve(const config::Config& config);

}  // namespace pidge::program
