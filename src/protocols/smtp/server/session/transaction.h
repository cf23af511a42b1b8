// Transaction: all that the session remembers of one message on its way in. Everything that a new
// MAIL must not inherit is a field of this, and one assignment forgets it (attacks.md F05).
#pragma once

#include <cstddef>
#include <cstdint>

#include "protocols/smtp/types.h"
#include "protocols/smtp/wire/line_ends.h"

namespace pidge::smtp {

struct Transaction {
    enum class Stage : std::uint8_t {
        none,    // no MAIL was accepted
        open,    // MAIL was accepted; recipients follow
        chunks,  // BDAT has begun the body; only BDAT goes on (RFC 3030 §2)
    };
    Stage stage = Stage::none;
    BodyType body = BodyType::seven_bit;
    bool smtputf8 = false;
    std::size_t recipients = 0;  // accepted ones
    std::size_t recipients_tried = 0;
    std::uint64_t octets = 0;  // of the body so far
    std::uint32_t chunks = 0;
    LineEnds line_ends;  // of the chunks so far
};

}  // namespace pidge::smtp
