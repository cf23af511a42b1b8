// The target of a request line, in origin form (RFC 9112 §3.2.1): path and query, decoded (RFC 3986
// §2.1).
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace pidge::http {

struct Target {
    std::string path;
    std::vector<std::pair<std::string, std::string>> query;
};

// Refuses what does not begin with "/" (absolute and authority form are for proxies), malformed
// escapes, and paths that hold NUL or "." and ".." segments once decoded: what names a file must
// not climb.
//   origin-form = absolute-path [ "?" query ]
Result<Target> read_target(std::string_view target);

// For clients: the octets of a request line. Everything but unreserved characters and "/" is
// escaped.
std::string write_target(const std::string& path,
                         const std::vector<std::pair<std::string, std::string>>& query);

}  // namespace pidge::http
