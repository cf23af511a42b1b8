// The texts of a report: pure.
#pragma once

#include <string>
#include <string_view>

#include "services/relay/report.h"

namespace pidge::relay {

enum class Returned : std::uint8_t { header, message };

// From the first header field to the boundary line and header of the third part.
Bytes report_head(const queue::Entry& entry, const queue::Report& report,
                  const ReportContext& context, std::string_view boundary, Returned returned);
Bytes report_tail(std::string_view boundary);

// The header block of a message: up to the empty line, lines of no more than 998 octets, whole
// lines only. `bytes` is the beginning of the message.
Bytes header_block(std::string_view bytes);

// Printable ASCII in one line; what is not shows as an escape.
std::string ascii(std::string_view text);

}  // namespace pidge::relay
