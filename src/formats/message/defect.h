// Defects: what is wrong with a message, and where. They are noted while reading and judged
// elsewhere (verdict.h).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "formats/message/limits.h"

namespace pidge::message {

enum class DefectKind : std::uint8_t {
    // Octets and lines
    nul,
    bare_cr,
    bare_lf,
    control_in_header,
    raw_octets_in_header,  // octets above 127 that are not UTF-8 (RFC 6532 §3.2)
    utf8_in_header,        // lawful with SMTPUTF8 only
    line_too_long,         // over 998 octets (RFC 5322 §2.1.1)
    // Header
    no_colon,
    space_before_colon,  // "Subject : x" (RFC 5322 §4.5)
    bad_field_name,
    begins_with_continuation,
    blank_fold,  // a folded line of nothing but white space
    no_blank_line,
    header_too_long,
    field_too_long,
    too_many_fields,
    // MIME
    no_mime_version,  // Content-* fields and no MIME-Version
    bad_mime_version,
    duplicate_field,  // a second MIME-Version, Content-Type, -Transfer-Encoding, -Disposition, -ID
                      // or -Description
    bad_content_type,
    duplicate_parameter,
    bad_parameters,
    bad_encoding_value,  // Content-Transfer-Encoding is none of the five
    encoded_composite,  // base64 or quoted-printable on multipart or message/rfc822 (RFC 2045 §6.4)
    bad_disposition,
    no_boundary,
    bad_boundary,
    no_parts,  // a multipart in which its boundary never stands
    unterminated_multipart,
    boundary_prefix,     // an inner boundary begins with an outer one: two readings
    boundary_after_end,  // a boundary stands again after the multipart was closed
    boundary_with_text,  // a line begins with a boundary and goes on (RFC 2046 §5.1.1's note counts
                         // it)
    eight_bit_in_7bit,
    eight_bit_in_encoded,  // octets above 127 in base64 or quoted-printable
    bad_base64,
    bad_quoted_printable,
    too_complex,  // depth or number of parts
};

struct Defect {
    DefectKind kind{};
    std::size_t offset = 0;  // octets from the start of what was read

    friend bool operator==(const Defect&, const Defect&) = default;
};

// The first defects_of_kind_max of each kind.
class Defects {
 public:
    static constexpr std::size_t kinds = static_cast<std::size_t>(DefectKind::too_complex) + 1;

    // False when there are enough of this kind.
    bool add(DefectKind kind, std::size_t offset);
    // Those of a part's header, with its offset in the message added.
    void add_all(const Defects& inner, std::size_t offset);
    bool has(DefectKind kind) const { return counts_[static_cast<std::size_t>(kind)] != 0; }
    bool is_empty() const { return list_.empty(); }
    const std::vector<Defect>& list() const { return list_; }

 private:
    std::vector<Defect> list_;
    std::array<std::uint8_t, kinds> counts_{};
};

// The stable name ("bad-base64") and a clause for a sentence ("the base64 text is broken").
std::string_view name_of(DefectKind kind);
std::string_view meaning_of(DefectKind kind);

}  // namespace pidge::message
