// Whether a message conforms to RFC 5322 and MIME, as submission asks (requirement J11, attacks.md
// G9, P08). Pure.
#pragma once

#include <string>

#include "formats/message/structure.h"

namespace pidge::message {

enum class Conformity : std::uint8_t {
    conform,    // MIME used as it should be, or not used at all
    ambiguous,  // two readers may see two messages in it
    broken,
};

struct Verdict {
    Conformity conformity = Conformity::conform;
    DefectKind kind{};   // the gravest defect; the first of those
    std::string number;  // of the part it is in, as IMAP counts
    std::size_t offset = 0;
    std::string text;  // a sentence: "Part 1.2, octet 4711: base64 text is broken."
    // Nothing is wrong but a missing MIME-Version: with "MIME-Version: 1.0" put in, the message
    // conforms.
    bool wants_mime_version = false;
};

// Looks at every part. What is wrong inside an attached message (message/rfc822) counts only where
// it makes the whole ambiguous: people must be able to forward what they were sent. Text that is
// UTF-8 in a header is no defect here: SMTPUTF8 decides.
Verdict strict_verdict(const Structure& structure);

}  // namespace pidge::message
