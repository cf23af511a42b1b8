// Structure: the tree of parts of a message (RFC 2045-2049), with the place of every part in the
// octets. Values.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "formats/message/codec.h"
#include "formats/message/defect.h"
#include "formats/message/header.h"
#include "formats/message/parameters.h"

namespace pidge::message {

using PartIndex = std::size_t;  // into Structure::parts

struct Part {
    Span header;            // octets in the message, the blank line included
    Span body;              // without the line end that belongs to the next boundary
    std::size_t lines = 0;  // CRLFs in the body (IMAP's "size in lines")

    ContentType content_type;  // text/plain where it is absent or cannot be read; message/rfc822 by
                               // default in a digest
    bool has_content_type = false;
    Encoding encoding = Encoding::seven_bit;
    std::optional<Disposition> disposition;
    // Unfolded fields that IMAP's BODYSTRUCTURE tells; empty when absent.
    std::string id, description, md5, language, location;

    // The message of a message/rfc822 part, or a part of a multipart. parts[0] has no parent.
    std::optional<PartIndex> parent;
    std::vector<PartIndex> children;
    std::string number;  // as IMAP counts (RFC 9051 §6.4.5): "1.2"; empty for parts[0] when it is a
                         // multipart
    std::size_t depth = 0;

    // What the body holds, parts inside it included; decides how it can travel.
    bool has_eight_bit = false;
    bool has_binary = false;  // NUL, a bare CR or LF, or a line over 998 octets

    bool is_multipart() const { return content_type.type == "multipart"; }
    // Encapsulates a message that was read: its one child is that message.
    bool is_message() const { return !is_multipart() && !children.empty(); }
};

struct PartDefect {
    DefectKind kind{};
    std::size_t offset = 0;  // octets from the start of the message
    PartIndex part = 0;
};

struct Structure {
    std::vector<Part> parts;          // in order of their place; parts[0] is the message
    std::vector<PartDefect> defects;  // in order of their place; the first of each kind
    std::size_t octets = 0;
    bool is_too_complex = false;     // parts is what was found within the limits
    bool has_mime_version = false;   // of the message itself
    std::size_t visited_octets = 0;  // work done, in octets looked at: for tests of linearity

    bool has(DefectKind kind) const;
    // The part with IMAP's number; null when there is none.
    const Part* find(std::string_view number) const;
};

}  // namespace pidge::message
