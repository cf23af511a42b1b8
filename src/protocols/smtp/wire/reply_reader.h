// ReplyReader: reads replies of a server that need not be friendly (RFC 5321 §4.2.1, attacks.md
// F12). Pure.
//
// A reply is at most limits::reply_lines_max lines of limits::reply_line_octets,
// limits::reply_octets_max in all. What is malformed (no CR LF, a bare CR or LF, no code, codes
// that differ, too long) stays malformed: nothing after it can be trusted, so the connection must
// end.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "protocols/smtp/wire/reply.h"

namespace pidge::smtp {

class ReplyReader {
 public:
    enum class Status : std::uint8_t { incomplete, reply, malformed };

    // Takes octets off the front of `in`, up to the end of one reply. After Status::reply, take()
    // it before going on.
    Status feed(std::string_view& in);
    // The reply that was read, its text made printable; ready for the next one afterwards.
    Reply take();
    // What is wrong, for log and report; never the peer's text.
    std::string_view fault() const { return fault_; }
    bool is_between_replies() const { return line_.empty() && lines_ == 0; }

 private:
    Status finish_line();
    Status fail(std::string_view fault);

    Reply reply_;
    std::string line_;        // the unfinished line
    std::size_t lines_ = 0;   // of the reply so far
    std::size_t octets_ = 0;  // likewise
    std::string_view fault_;  // empty: none
};

// "5.1.1" and a space or the end, taken off the front of `text`; nullopt when it is not there. RFC
// 3463 §2.
std::optional<EnhancedStatus> read_enhanced_status(std::string_view& text);

}  // namespace pidge::smtp
