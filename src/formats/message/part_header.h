// What the header of a part says about the part (RFC 2045 §3-8, RFC 2183). Internal to this folder.
#pragma once

#include "formats/message/structure.h"

namespace pidge::message {

enum class HeaderOf : std::uint8_t { message, part, digest_part };

// Fills the fields of `part` from its header; adds what is wrong to `defects`, with offsets in the
// header.
void describe_part(Part& part, const Header& header, HeaderOf kind, Defects& defects);

// The boundary of a multipart, as its lines show it; empty when there is none that could be found
// again.
std::string boundary_of(const Part& part, Defects& defects);

}  // namespace pidge::message
