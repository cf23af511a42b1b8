// DataEncoder: makes the octets after 354 from a message (RFC 5321 §4.5.2): a dot before each dot
// at the start of a line, and the end of the data. Pure.
//
// The message must be canonical (line_ends.h): that is checked, so that neither a bare CR nor a
// bare LF ever leaves (attacks.md F02). Whoever has a message of doubtful origin asks LineEnds
// first.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace pidge::smtp {

class DataEncoder {
 public:
    // Appends the encoded form of the next octets to `out`.
    void append(std::string_view octets, std::string& out);
    // Appends what ends the data, with a CR LF before it when the message does not end in one.
    void finish(std::string& out);

 private:
    enum class State : std::uint8_t { line_start, text, cr };
    State state_ = State::line_start;
};

}  // namespace pidge::smtp
