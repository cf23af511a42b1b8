// LineScanner: finds the end of a command line in what has come in so far. Pure; each octet is
// looked at once however the line trickles in.
//
// Only CR LF ends a line (attacks.md G1). A bare CR, a bare LF or a NUL in it is a fault: where the
// peer thinks that its commands begin is then unknown, so the session must end.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace pidge::smtp {

class LineScanner {
 public:
    enum class Status : std::uint8_t {
        incomplete,  // more octets are needed
        line,        // a line is there
        too_long,    // more octets than the limit without an end
        fault,       // a bare CR, a bare LF or a NUL
    };
    struct Found {
        Status status = Status::incomplete;
        std::string_view line;   // without CR LF
        std::size_t octets = 0;  // of the line with CR LF
    };

    // `buffered`: the unfinished line from its first octet on; it only grows between calls, until a
    // line is found. `limit` counts CR LF.
    Found find(std::string_view buffered, std::size_t limit);

 private:
    std::size_t scanned_ = 0;
};

}  // namespace pidge::smtp
