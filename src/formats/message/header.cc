#include "formats/message/header.h"

#include "base/text.h"

namespace pidge::message {

namespace {

constexpr std::string_view crlf = "\r\n";

constexpr bool is_space(char c) {
    return c == ' ' || c == '\t';
}

// Where the line that begins at `at` ends, its CRLF included; a last line may lack it.
std::size_t line_end(std::string_view bytes, std::size_t at) {
    const std::size_t found = bytes.find(crlf, at);
    return found == bytes.npos ? bytes.size() : found + crlf.size();
}

// ftext = %d33-57 / %d59-126   (RFC 5322 §3.6.8)
bool is_field_name(std::string_view name) {
    return !name.empty() && std::all_of(name.begin(), name.end(),
                                        [](char c) { return c >= 33 && c <= 126 && c != ':'; });
}

}  // namespace

Header Header::parse(Bytes block, HeaderLimits limits) {
    Header header;
    header.bytes_ = std::move(block);
    header.read(limits);
    return header;
}

void Header::read(HeaderLimits limits) {
    const std::string_view bytes(bytes_);
    std::size_t at = 0;
    while (at < bytes.size()) {
        if (bytes.substr(at).starts_with(crlf)) {
            fields_end_ = at;
            body_offset_ = at + crlf.size();
            return;
        }
        if (at == 0 && is_space(bytes[0])) defects_.add(DefectKind::begins_with_continuation, 0);
        const std::size_t start = at;
        do {
            const std::size_t end = line_end(bytes, at);
            const std::string_view line = bytes.substr(at, end - at);
            if (line.size() > line_octets_max + crlf.size())
                defects_.add(DefectKind::line_too_long, at);
            if (line.find_first_not_of(" \t\r\n") == line.npos)
                defects_.add(DefectKind::blank_fold, at);
            at = end;
        } while (at < bytes.size() && is_space(bytes[at]));
        if (at > limits.octets) {
            defects_.add(DefectKind::header_too_long, start);
        } else if (fields_.size() == limits.fields) {
            defects_.add(DefectKind::too_many_fields, start);
        } else {
            add_field(start, at);
        }
    }
    fields_end_ = body_offset_ = bytes.size();
    defects_.add(DefectKind::no_blank_line, bytes.size());
}

void Header::add_field(std::size_t start, std::size_t end) {
    const std::string_view bytes(bytes_);
    if (end - start > field_octets_max) defects_.add(DefectKind::field_too_long, start);
    check_octets(start, end);
    Field field;
    field.raw = {start, end - start};
    std::string_view content = field.raw.in(bytes);
    if (content.ends_with(crlf)) content.remove_suffix(crlf.size());
    const std::size_t colon = content.find(':');
    std::string_view name = content.substr(0, colon);
    while (!name.empty() && is_space(name.back())) name.remove_suffix(1);
    if (colon == content.npos || !is_field_name(name)) {
        defects_.add(colon == content.npos ? DefectKind::no_colon : DefectKind::bad_field_name,
                     start);
        field.name = {start, 0};
        field.body = {start, content.size()};
    } else {
        if (name.size() < colon) defects_.add(DefectKind::space_before_colon, start);
        field.name = {start, name.size()};
        field.body = {start + colon + 1, content.size() - colon - 1};
    }
    fields_.push_back(field);
}

void Header::check_octets(std::size_t start, std::size_t end) {
    bool is_ascii = true;
    for (std::size_t i = start; i < end; ++i) {
        const char c = bytes_[i];
        if (static_cast<unsigned char>(c) > 127) {
            is_ascii = false;
        } else if (c == '\r') {
            if (i + 1 == end || bytes_[i + 1] != '\n') defects_.add(DefectKind::bare_cr, i);
        } else if (c == '\n') {
            if (i == start || bytes_[i - 1] != '\r') defects_.add(DefectKind::bare_lf, i);
        } else if (c == '\0') {
            defects_.add(DefectKind::nul, i);
        } else if (text::is_control(c) && c != '\t') {
            defects_.add(DefectKind::control_in_header, i);
        }
    }
    if (is_ascii) return;
    const bool utf8 = text::is_valid_utf8(std::string_view(bytes_).substr(start, end - start));
    defects_.add(utf8 ? DefectKind::utf8_in_header : DefectKind::raw_octets_in_header, start);
}

const Field* Header::find(std::string_view name) const {
    for (const Field& field : fields_)
        if (text::iequals(this->name(field), name)) return &field;
    return nullptr;
}

std::vector<const Field*> Header::find_all(std::string_view name) const {
    std::vector<const Field*> found;
    for (const Field& field : fields_)
        if (text::iequals(this->name(field), name)) found.push_back(&field);
    return found;
}

std::size_t Header::count(std::string_view name) const {
    return find_all(name).size();
}

std::optional<std::string> Header::find_text(std::string_view name) const {
    const Field* field = find(name);
    if (field == nullptr) return std::nullopt;
    return unfold_trimmed(body(*field));
}

std::string unfold(std::string_view body) {
    std::string out;
    out.reserve(body.size());
    for (std::size_t i = 0; i < body.size(); ++i) {
        const bool fold =
            body.substr(i).starts_with(crlf) && i + 2 < body.size() && is_space(body[i + 2]);
        if (fold)
            ++i;
        else
            out += body[i];
    }
    return out;
}

std::string unfold_trimmed(std::string_view body) {
    return std::string(text::trim(unfold(body)));
}

std::size_t header_octets(std::string_view message) {
    if (message.starts_with(crlf)) return crlf.size();
    const std::size_t found = message.find("\r\n\r\n");
    return found == message.npos ? message.size() : found + 4;
}

}  // namespace pidge::message
