#include "protocols/smtp/wire/line_scanner.h"

#include <algorithm>

#include "protocols/smtp/wire/scan.h"

namespace pidge::smtp {

LineScanner::Found LineScanner::find(std::string_view buffered, std::size_t limit) {
    const std::string_view seen = buffered.substr(0, limit);
    const std::size_t at = find_line_octet(seen, std::min(scanned_, seen.size()));
    if (at == seen.size() || (seen[at] == '\r' && at + 1 == seen.size())) {
        scanned_ = at;
        return {.status = seen.size() == limit ? Status::too_long : Status::incomplete};
    }
    scanned_ = 0;
    if (seen[at] != '\r' || seen[at + 1] != '\n') return {.status = Status::fault};
    return {.status = Status::line, .line = seen.substr(0, at), .octets = at + 2};
}

}  // namespace pidge::smtp
