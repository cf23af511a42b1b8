// Where Patroni is asked: one place for each database server.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace pidge::patroni {

// Its port unless it is configured otherwise.
inline constexpr std::string_view default_port = "8008";

// The URLs to ask. `setting` is "off" (none), a port (of each of `hosts`, which are names or
// addresses), or URLs with spaces between them. Refused, for the administrator, when it is none of
// these.
Result<std::vector<std::string>> places(std::string_view setting,
                                        const std::vector<std::string>& hosts);

}  // namespace pidge::patroni
