// Capabilities: what a server said after EHLO (or LHLO) that it can do. Plain value; pure
// functions.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "protocols/sasl/mechanism.h"
#include "protocols/smtp/wire/reply.h"

namespace pidge::smtp {

struct Capabilities {
    bool is_extended = false;  // false: only HELO was understood
    bool pipelining = false, eight_bit = false, binary = false, chunking = false, smtputf8 = false,
         dsn = false, start_tls = false;
    std::optional<std::uint64_t> size_octets;  // SIZE; nullopt: no limit was told
    bool size = false;
    std::optional<std::uint64_t> recipients_max;  // LIMITS RCPTMAX (RFC 9422)
    std::optional<std::uint64_t> messages_max;    // LIMITS MAILMAX
    std::vector<sasl::Mechanism> mechanisms;      // those of AUTH that we know
};

// From a positive reply to EHLO. What cannot be read is as if it were not there.
Capabilities parse_capabilities(const Reply& reply);

}  // namespace pidge::smtp
