#include "formats/message/part_header.h"

#include "base/text.h"

namespace pidge::message {

namespace {

constexpr std::size_t boundary_octets_rfc = 70;  // RFC 2046 §5.1.1

bool is_boundary_char(char c) {
    return text::is_alpha(c) || text::is_digit(c) || std::string_view("'()+_,-./:=? ").contains(c);
}

// The first field of the name; a second one is a defect (attacks.md P08), and its content does not
// count.
const Field* only(const Header& header, std::string_view name, Defects& defects) {
    const auto all = header.find_all(name);
    if (all.size() > 1) defects.add(DefectKind::duplicate_field, all[1]->raw.offset);
    return all.empty() ? nullptr : all.front();
}

std::string text_of(const Header& header, std::string_view name) {
    return header.find_text(name).value_or("");
}

void note_parameters(const Parameters& parameters, std::size_t offset, Defects& defects) {
    if (parameters.is_broken || parameters.is_cut) defects.add(DefectKind::bad_parameters, offset);
    if (parameters.has_duplicate) defects.add(DefectKind::duplicate_parameter, offset);
}

void read_type(Part& part, const Header& header, HeaderOf kind, Defects& defects) {
    // RFC 2046 §5.1.5: the parts of a digest are messages unless they say otherwise.
    if (kind == HeaderOf::digest_part) {
        part.content_type.type = "message";
        part.content_type.subtype = "rfc822";
    }
    const Field* field = only(header, "Content-Type", defects);
    if (field == nullptr) return;
    part.has_content_type = true;
    auto type = read_content_type(header.body(*field));
    if (!type) {
        defects.add(DefectKind::bad_content_type, field->raw.offset);
        part.content_type = {};
        return;
    }
    note_parameters(type->parameters, field->raw.offset, defects);
    part.content_type = *std::move(type);
}

void read_encoding(Part& part, const Header& header, Defects& defects) {
    const Field* field = only(header, "Content-Transfer-Encoding", defects);
    if (field == nullptr) return;
    part.encoding = encoding_of(read_token_field(header.body(*field)).value_or(""));
    if (part.encoding == Encoding::unknown)
        defects.add(DefectKind::bad_encoding_value, field->raw.offset);
    const bool is_encoded =
        part.encoding == Encoding::base64 || part.encoding == Encoding::quoted_printable;
    // RFC 2046 §5.2.1, RFC 2045 §6.4; message/global may be encoded (RFC 6532 §3.7).
    if (is_encoded && (part.is_multipart() || part.content_type.is("message", "rfc822")))
        defects.add(DefectKind::encoded_composite, field->raw.offset);
}

void read_disposition_field(Part& part, const Header& header, Defects& defects) {
    const Field* field = only(header, "Content-Disposition", defects);
    if (field == nullptr) return;
    part.disposition = read_disposition(header.body(*field));
    if (part.disposition)
        note_parameters(part.disposition->parameters, field->raw.offset, defects);
    else
        defects.add(DefectKind::bad_disposition, field->raw.offset);
}

// RFC 2045 §4: a message that uses MIME says so. A part need not.
void check_version(const Header& header, Defects& defects) {
    const Field* field = only(header, "MIME-Version", defects);
    if (field != nullptr) {
        if (read_token_field(header.body(*field)) != "1.0")
            defects.add(DefectKind::bad_mime_version, field->raw.offset);
        return;
    }
    for (const char* name : {"Content-Type", "Content-Transfer-Encoding", "Content-Disposition",
                             "Content-ID", "Content-Description"})
        if (const Field* used = header.find(name)) {
            defects.add(DefectKind::no_mime_version, used->raw.offset);
            return;
        }
}

}  // namespace

void describe_part(Part& part, const Header& header, HeaderOf kind, Defects& defects) {
    defects.add_all(header.defects(), 0);
    if (kind == HeaderOf::message) check_version(header, defects);
    read_type(part, header, kind, defects);
    read_encoding(part, header, defects);
    read_disposition_field(part, header, defects);
    only(header, "Content-ID", defects);
    only(header, "Content-Description", defects);
    part.id = text_of(header, "Content-ID");
    part.description = text_of(header, "Content-Description");
    part.md5 = text_of(header, "Content-MD5");
    part.language = text_of(header, "Content-Language");
    part.location = text_of(header, "Content-Location");
}

std::string boundary_of(const Part& part, Defects& defects) {
    const Parameter* parameter = part.content_type.parameters.find("boundary");
    if (parameter == nullptr || parameter->value.empty()) {
        defects.add(DefectKind::no_boundary, 0);
        return {};
    }
    std::string boundary = parameter->value;
    const bool is_lawful = boundary.size() <= boundary_octets_rfc && !boundary.ends_with(' ') &&
                           std::all_of(boundary.begin(), boundary.end(), is_boundary_char);
    // Few readers know RFC 2231 in a boundary: to them it is another one, or none.
    if (!is_lawful || parameter->is_extended) defects.add(DefectKind::bad_boundary, 0);
    while (!boundary.empty() && (boundary.back() == ' ' || boundary.back() == '\t'))
        boundary.pop_back();
    if (boundary.size() > boundary_octets_max ||
        std::any_of(boundary.begin(), boundary.end(), text::is_control))
        return {};
    return boundary;
}

}  // namespace pidge::message
