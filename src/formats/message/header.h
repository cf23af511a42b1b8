// Header: a header block taken apart into fields (RFC 5322 §2.2, §3.6; UTF-8 as RFC 6532).
//
// Takes the block of a message or of a MIME part, with the blank line that ends it or without.
// Lines end with CRLF and nothing else. Nothing is refused: what is wrong is noted, every octet
// stays where it is and can be fetched. Time and memory are linear in the block. A Header owns its
// octets; values and const methods are thread-safe.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "formats/address/list.h"
#include "formats/message/defect.h"

namespace pidge::message {

using Span = address::Span;  // octets from the start of the block

// A line that is no field (no colon, or a bad name before it) is kept as a field without a name,
// with all of it as body.
struct Field {
    Span name;
    Span body;  // all after the colon, folding and leading space included, without the last CRLF
    Span raw;   // the whole field with its last CRLF
};

// For display the common limits do; who must judge every field of a large header asks for more.
struct HeaderLimits {
    std::size_t octets = header_octets_max;
    std::size_t fields = fields_max;
};

class Header {
 public:
    Header() = default;
    // Reads up to the first blank line, or to the end. Fields beyond the limits are not listed,
    // which the defects tell.
    static Header parse(Bytes block, HeaderLimits limits = {});

    const Bytes& bytes() const { return bytes_; }
    const std::vector<Field>& fields() const { return fields_; }
    // Octets of header fields: where the blank line begins (or the block ends).
    std::size_t fields_end() const { return fields_end_; }
    // Where the body begins: after the blank line (or the end of the block).
    std::size_t body_offset() const { return body_offset_; }
    const Defects& defects() const { return defects_; }

    std::string_view name(const Field& field) const { return field.name.in(bytes_); }
    std::string_view body(const Field& field) const { return field.body.in(bytes_); }
    std::string_view raw(const Field& field) const { return field.raw.in(bytes_); }

    // By name, in any case. Pointers live as long as the Header stays where it is.
    const Field* find(std::string_view name) const;  // the first; null when there is none
    std::vector<const Field*> find_all(std::string_view name) const;  // top to bottom
    std::size_t count(std::string_view name) const;
    // Unfolded and trimmed body of the first such field.
    std::optional<std::string> find_text(std::string_view name) const;

 private:
    void read(HeaderLimits limits);
    void add_field(std::size_t start, std::size_t end);
    void check_octets(std::size_t start, std::size_t end);

    Bytes bytes_;
    std::vector<Field> fields_;
    std::size_t fields_end_ = 0;
    std::size_t body_offset_ = 0;
    Defects defects_;
};

// RFC 5322 §2.2.3: the line ends before white space are taken away, all else stays.
std::string unfold(std::string_view body);
// Unfolded, without white space at the ends.
std::string unfold_trimmed(std::string_view body);

// Octets of the header block at the start of `message`: up to and with the first blank line; all of
// it when there is none.
std::size_t header_octets(std::string_view message);

}  // namespace pidge::message
