// DataDecoder: the octets after 354, up to the end of the data (RFC 5321 §4.1.1.4, §4.5.2). Pure;
// copies nothing.
//
// Only CR LF "." CR LF ends the data, and only CR LF ends a line (attacks.md F01, G1). A message
// with a bare CR, a bare LF or a NUL is read to that true end all the same, so that nothing in it
// is ever taken for a command; fault() then tells why it must be refused.
//
//   while (!in.empty() && !decoder.is_finished()) { piece = decoder.next(in); use(piece); }
#pragma once

#include <cstdint>
#include <string_view>

#include "protocols/smtp/wire/line_ends.h"

namespace pidge::smtp {

class DataDecoder {
 public:
    // Takes octets off the front of `in` and returns text of the message among them: part of `in`,
    // maybe empty. It takes at least one octet, stops after the end of the data, and takes all when
    // that does not come and no dot has to be left out.
    std::string_view next(std::string_view& in);

    bool is_finished() const { return state_ == State::finished; }
    LineFault fault() const { return fault_; }

 private:
    // Where we stand: at the start of a line, within one, after a CR within one, after the dot at
    // the start of a line, after that dot and a CR, or after the end.
    enum class State : std::uint8_t { line_start, text, cr, dot, dot_cr, finished };

    std::size_t skip_text(std::string_view in, std::size_t at);
    void note(LineFault fault) {
        if (fault_ == LineFault::none) fault_ = fault;
    }

    State state_ = State::line_start;
    LineFault fault_ = LineFault::none;
};

}  // namespace pidge::smtp
