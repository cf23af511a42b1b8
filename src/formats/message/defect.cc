#include "formats/message/defect.h"

#include <array>

namespace pidge::message {

namespace {

struct Words {
    DefectKind kind;
    std::string_view name;
    std::string_view meaning;
};

using enum DefectKind;
constexpr auto table = std::to_array<Words>({
    {nul, "nul", "there is a NUL"},
    {bare_cr, "bare-cr", "a carriage return stands without its line feed"},
    {bare_lf, "bare-lf", "a line feed stands without its carriage return"},
    {control_in_header, "control-in-header", "a header field holds a control character"},
    {raw_octets_in_header, "raw-octets-in-header",
     "a header field holds octets that are not UTF-8"},
    {utf8_in_header, "utf8-in-header", "a header field holds text that is not ASCII"},
    {line_too_long, "line-too-long", "a line is longer than 998 octets"},
    {no_colon, "no-colon", "a line of the header is no field"},
    {space_before_colon, "space-before-colon", "a field name is followed by white space"},
    {bad_field_name, "bad-field-name", "a field name holds a character that it may not"},
    {begins_with_continuation, "begins-with-continuation",
     "the header begins with a continued line"},
    {blank_fold, "blank-fold", "a folded line is blank"},
    {no_blank_line, "no-blank-line", "no blank line ends the header"},
    {header_too_long, "header-too-long", "the header is longer than 256 KiB"},
    {field_too_long, "field-too-long", "a header field is longer than 64 KiB"},
    {too_many_fields, "too-many-fields", "the header has more than 1000 fields"},
    {no_mime_version, "no-mime-version", "there are MIME fields but no MIME-Version"},
    {bad_mime_version, "bad-mime-version", "MIME-Version is not 1.0"},
    {duplicate_field, "duplicate-field", "a MIME field is there twice"},
    {bad_content_type, "bad-content-type", "Content-Type cannot be read"},
    {duplicate_parameter, "duplicate-parameter", "a parameter is there twice"},
    {bad_parameters, "bad-parameters", "the parameters of a MIME field cannot be read"},
    {bad_encoding_value, "bad-encoding-value",
     "Content-Transfer-Encoding is not one of those defined"},
    {encoded_composite, "encoded-composite", "a multipart or a message is encoded as a whole"},
    {bad_disposition, "bad-disposition", "Content-Disposition cannot be read"},
    {no_boundary, "no-boundary", "a multipart names no boundary"},
    {bad_boundary, "bad-boundary", "a boundary is too long or holds a character that it may not"},
    {no_parts, "no-parts", "the boundary of a multipart stands nowhere"},
    {unterminated_multipart, "unterminated-multipart", "a multipart is not closed"},
    {boundary_prefix, "boundary-prefix", "one boundary begins with another"},
    {boundary_after_end, "boundary-after-end",
     "a boundary stands again after its multipart was closed"},
    {boundary_with_text, "boundary-with-text", "a line begins like a boundary and goes on"},
    {eight_bit_in_7bit, "8bit-in-7bit", "a part declared as 7bit holds octets above 127"},
    {eight_bit_in_encoded, "8bit-in-encoded", "an encoded part holds octets above 127"},
    {bad_base64, "bad-base64", "base64 text is broken"},
    {bad_quoted_printable, "bad-quoted-printable", "quoted-printable text is broken"},
    {too_complex, "too-complex", "there are more parts, or more levels of them, than can be shown"},
});
static_assert(table.size() == Defects::kinds);

constexpr const Words& find(DefectKind kind) {
    return table[static_cast<std::size_t>(kind)];
}
static_assert([] {
    for (std::size_t i = 0; i < table.size(); ++i)
        if (table[i].kind != static_cast<DefectKind>(i)) return false;
    return true;
}());

}  // namespace

bool Defects::add(DefectKind kind, std::size_t offset) {
    std::uint8_t& count = counts_[static_cast<std::size_t>(kind)];
    if (count == defects_of_kind_max) return false;
    ++count;
    list_.push_back({kind, offset});
    return true;
}

void Defects::add_all(const Defects& inner, std::size_t offset) {
    for (const Defect& defect : inner.list()) add(defect.kind, defect.offset + offset);
}

std::string_view name_of(DefectKind kind) {
    return find(kind).name;
}
std::string_view meaning_of(DefectKind kind) {
    return find(kind).meaning;
}

}  // namespace pidge::message
