// Replies: what the server says and the client reads (RFC 5321 §4.2, RFC 2034). Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace pidge::smtp {

struct Reply {
    std::uint16_t code = 0;  // 200 … 599
    // Absent in the greeting and in replies to EHLO and HELO (RFC 2034 §4).
    std::optional<EnhancedStatus> status;
    std::vector<std::string> lines;  // at least one; without code and status

    bool is_positive() const { return code >= 200 && code < 300; }
    bool is_temporary() const { return code >= 400 && code < 500; }
    bool is_permanent() const { return code >= 500; }
    std::string text() const;  // lines joined by one space each
    // "550 5.1.1 No such user": for logs, reports and DSNs. Printable whatever the peer wrote.
    std::string printable() const;
};

// How every refusal, of the backend or our own, is said to the client. reply_code, else what
// follows from kind and the class of the status; a status that was not stated follows from the
// kind; a policy code stands before the text
// ("550 5.7.1 [SND-OWN] …").
Reply reply_of(const Refusal& refusal);

// Appends a reply as it goes on the wire. Text is made fit for it: printable ASCII, in lines of at
// most 512 octets (RFC 5321 §4.5.3.1.5), line feeds in it begin a further line.
void append_reply(std::string& out, std::uint16_t code, std::optional<EnhancedStatus> status,
                  std::string_view text);
void append_reply(std::string& out, const Reply& reply);

}  // namespace pidge::smtp
