// LineEnds: whether octets that come in pieces are canonical text: every CR before an LF, every LF
// after a CR, no NUL (RFC 5321 §2.3.8, attacks.md G1). It remembers the first fault and costs one
// pass.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/result.h"

namespace pidge::smtp {

enum class LineFault : std::uint8_t { none, bare_cr, bare_lf, nul };

// What the peer is told about it: 550 5.5.2.
Refusal refusal_of(LineFault fault);

class LineEnds {
 public:
    void feed(std::string_view octets);
    // After the last piece: a CR at the very end is bare.
    void finish();
    LineFault fault() const { return fault_; }
    bool is_at_line_start() const { return at_line_start_; }

 private:
    bool after_cr_ = false;
    bool at_line_start_ = true;
    LineFault fault_ = LineFault::none;
};

}  // namespace pidge::smtp
