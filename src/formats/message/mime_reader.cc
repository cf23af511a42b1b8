#include "formats/message/mime_reader.h"

#include "base/check.h"
#include "base/text.h"
#include "formats/message/line_splitter.h"
#include "formats/message/part_header.h"

namespace pidge::message {

namespace {

constexpr std::size_t crlf_octets = 2;

// An entity whose end was not seen yet. The last of them is the one being read.
struct Open {
    PartIndex part = 0;
    HeaderOf header_of = HeaderOf::message;
    std::string boundary;        // of a multipart that can be taken apart
    bool is_closed = false;      // its closing boundary was seen
    std::size_t first_line = 0;  // CRLFs before its body
    std::optional<Decoder> decoder;
};

enum class Mode : std::uint8_t { header, leaf, around_parts /* preamble, epilogue */, too_complex };

}  // namespace

class MimeReader::Engine {
 public:
    explicit Engine(HeaderLimits limits) : limits_(limits) {
        begin_part(std::nullopt, HeaderOf::message, 0);
    }

    void feed(std::string_view piece) {
        splitter_.feed(piece, [this](const LinePiece& line) { take(line); });
    }
    Structure finish();

 private:
    void take(const LinePiece& line);
    bool take_delimiter(const LinePiece& line);
    void begin_part(std::optional<PartIndex> parent, HeaderOf header_of, std::size_t offset);
    void end_header(std::size_t body_offset);
    void open_body(std::size_t body_offset);
    void end_part(std::size_t end, bool before_delimiter);
    void check_body(const LinePiece& line);
    void check_octets(std::string_view content, std::size_t offset);
    void add(DefectKind kind, std::size_t offset, PartIndex part);
    void add_all(const Defects& defects, std::size_t offset, PartIndex part);
    void give_up(std::size_t offset);
    std::string number_of(const Part& part, HeaderOf header_of) const;

    Part& part_of(const Open& open) { return out_.parts[open.part]; }

    // The message's own header may be allowed to be larger than that of a part.
    HeaderLimits limits_of(PartIndex part) const { return part == 0 ? limits_ : HeaderLimits{}; }

    const HeaderLimits limits_;
    Structure out_;
    LineSplitter splitter_;
    std::vector<Open> open_;
    Mode mode_ = Mode::header;
    Bytes header_;
    std::size_t kept_header_octets_ = 0;
    std::size_t lines_ = 0;
    std::size_t line_octets_ = 0;  // of the line being read
    std::size_t line_start_ = 0;
    Bytes scratch_;
    Defects seen_;
};

void MimeReader::Engine::add(DefectKind kind, std::size_t offset, PartIndex part) {
    if (seen_.add(kind, offset)) out_.defects.push_back({kind, offset, part});
}

void MimeReader::Engine::add_all(const Defects& defects, std::size_t offset, PartIndex part) {
    for (const Defect& defect : defects.list()) add(defect.kind, defect.offset + offset, part);
}

void MimeReader::Engine::give_up(std::size_t offset) {
    out_.is_too_complex = true;
    mode_ = Mode::too_complex;
    add(DefectKind::too_complex, offset, open_.empty() ? 0 : open_.back().part);
}

void MimeReader::Engine::take(const LinePiece& line) {
    out_.visited_octets += line.text.size();
    if (line.starts_line) {
        line_octets_ = 0;
        line_start_ = line.offset;
    }
    line_octets_ += line.content().size();
    if (mode_ == Mode::too_complex) {
        check_body(line);
    } else if (line.is_short_line() && line.text.starts_with("--") && take_delimiter(line)) {
        // A boundary belongs to no part.
    } else if (mode_ == Mode::header) {
        // One octet over the limit is enough for Header to tell that there is more.
        header_ += line.text.substr(0, limits_of(open_.back().part).octets + 1 - header_.size());
        const bool is_blank = line.starts_line && line.ends_line && line.content().empty();
        if (is_blank) end_header(line.offset + line.text.size());
    } else {
        check_body(line);
    }
    if (line.ends_line) ++lines_;
}

// delimiter = "--" boundary, close-delimiter = delimiter "--", each followed by white space and the
// line end (RFC 2046 §5.1.1). The innermost multipart is asked first.
bool MimeReader::Engine::take_delimiter(const LinePiece& line) {
    std::string_view rest = line.text.substr(2);
    while (!rest.empty() && (rest.back() == ' ' || rest.back() == '\t' || rest.back() == '\r' ||
                             rest.back() == '\n'))
        rest.remove_suffix(1);
    std::optional<PartIndex> begins_like;
    for (std::size_t level = open_.size(); level-- > 0;) {
        const std::string& boundary = open_[level].boundary;
        if (boundary.empty() || !rest.starts_with(boundary)) continue;
        out_.visited_octets += boundary.size();
        const bool is_open = rest.size() == boundary.size();
        const bool is_close = rest.size() == boundary.size() + 2 && rest.ends_with("--");
        if (!is_open && !is_close) {
            begins_like = open_[level].is_closed ? begins_like : open_[level].part;
            continue;
        }
        if (open_[level].is_closed) {
            add(DefectKind::boundary_after_end, line.offset, open_[level].part);
            return false;
        }
        while (open_.size() > level + 1) end_part(line.offset, true);
        if (is_close) {
            open_[level].is_closed = true;
            mode_ = Mode::around_parts;
        } else {
            const Part& multipart = part_of(open_[level]);
            begin_part(
                open_[level].part,
                multipart.content_type.subtype == "digest" ? HeaderOf::digest_part : HeaderOf::part,
                line.offset + line.text.size());
        }
        return true;
    }
    if (begins_like) add(DefectKind::boundary_with_text, line.offset, *begins_like);
    return false;
}

void MimeReader::Engine::begin_part(std::optional<PartIndex> parent, HeaderOf header_of,
                                    std::size_t offset) {
    const std::size_t depth = parent ? out_.parts[*parent].depth + 1 : 0;
    if (out_.parts.size() == parts_max || depth > depth_max ||
        kept_header_octets_ > kept_header_octets_max)
        return give_up(offset);
    Part part;
    part.header.offset = part.body.offset = offset;
    part.parent = parent;
    part.depth = depth;
    const PartIndex index = out_.parts.size();
    if (parent) out_.parts[*parent].children.push_back(index);
    out_.parts.push_back(std::move(part));
    open_.push_back({.part = index, .header_of = header_of});
    header_.clear();
    mode_ = Mode::header;
}

// IMAP's numbers (RFC 9051 §6.4.5). The body of a message that is a multipart is its parent's TEXT.
std::string MimeReader::Engine::number_of(const Part& part, HeaderOf header_of) const {
    const std::string above = part.parent ? out_.parts[*part.parent].number : "";
    if (header_of == HeaderOf::message) {
        const std::string prefix = part.parent ? above + "." : "";
        return prefix + (part.is_multipart() ? "TEXT" : "1");
    }
    const std::size_t place = out_.parts[*part.parent].children.size();
    std::string prefix = above == "TEXT" ? "" : above + ".";
    if (prefix.ends_with(".TEXT.")) prefix.resize(prefix.size() - 5);
    return prefix + std::to_string(place);
}

void MimeReader::Engine::end_header(std::size_t body_offset) {
    Open& open = open_.back();
    Part& part = part_of(open);
    part.header.length = body_offset - part.header.offset;
    part.body.offset = body_offset;
    kept_header_octets_ += header_.size();
    out_.visited_octets += header_.size();
    const Header header = Header::parse(std::move(header_), limits_of(open.part));
    header_.clear();
    if (open.part == 0) out_.has_mime_version = header.find("MIME-Version") != nullptr;
    Defects defects;
    describe_part(part, header, open.header_of, defects);
    part.number = number_of(part, open.header_of);
    open.first_line = lines_ + 1;  // the blank line is counted after this
    if (part.is_multipart()) {
        open.boundary = boundary_of(part, defects);
        for (std::size_t i = 0; i + 1 < open_.size(); ++i)
            if (!open_[i].boundary.empty() && open.boundary.starts_with(open_[i].boundary))
                defects.add(DefectKind::boundary_prefix, 0);
    }
    add_all(defects, part.header.offset, open.part);
    open_body(body_offset);
}

void MimeReader::Engine::open_body(std::size_t body_offset) {
    Open& open = open_.back();
    const Part& part = part_of(open);
    const bool is_encoded =
        part.encoding == Encoding::base64 || part.encoding == Encoding::quoted_printable;
    if (!open.boundary.empty()) {
        mode_ = Mode::around_parts;
    } else if (!is_encoded && part.encoding != Encoding::unknown &&
               (part.content_type.is("message", "rfc822") ||
                part.content_type.is("message", "global"))) {
        begin_part(open.part, HeaderOf::message, body_offset);
    } else {
        mode_ = Mode::leaf;
        if (is_encoded) open.decoder.emplace(part.encoding);
    }
}

// The line end before a boundary belongs to the boundary (RFC 2046 §5.1.1).
void MimeReader::Engine::end_part(std::size_t end, bool before_delimiter) {
    const std::size_t content_end = end - (before_delimiter ? crlf_octets : 0);
    // No blank line, so no body; Header notes it. A message that is all header has an empty one
    // inside.
    while (mode_ == Mode::header)
        end_header(std::max(content_end, part_of(open_.back()).header.offset));
    Open& open = open_.back();
    Part& part = part_of(open);
    // The line end may be the blank line of an attached message, which then has none.
    if (open.header_of == HeaderOf::message && part.body.offset > content_end) {
        part.body.offset = std::max(content_end, part.header.offset);
        part.header.length = part.body.offset - part.header.offset;
    }
    part.body.length = std::max(content_end, part.body.offset) - part.body.offset;
    // The CRLF before the boundary was counted already.
    const std::size_t lines_end = lines_ - (before_delimiter ? 1 : 0);
    part.lines = lines_end - std::min(lines_end, open.first_line);
    if (open.decoder) {
        const bool was_broken = open.decoder->is_broken();
        open.decoder->finish(scratch_);
        if (open.decoder->is_broken() && !was_broken)
            add(part.encoding == Encoding::base64 ? DefectKind::bad_base64
                                                  : DefectKind::bad_quoted_printable,
                end, open.part);
    }
    if (!open.boundary.empty() && !out_.is_too_complex) {
        if (part.children.empty()) add(DefectKind::no_parts, part.body.offset, open.part);
        if (!open.is_closed) add(DefectKind::unterminated_multipart, end, open.part);
    }
    if (part.parent) {
        out_.parts[*part.parent].has_eight_bit |= part.has_eight_bit;
        out_.parts[*part.parent].has_binary |= part.has_binary;
    }
    open_.pop_back();
    if (mode_ != Mode::too_complex) mode_ = Mode::around_parts;
}

void MimeReader::Engine::check_body(const LinePiece& line) {
    Open& open = open_.back();
    Part& part = part_of(open);
    if (line_octets_ > line_octets_max) {
        part.has_binary = true;
        if (part.encoding != Encoding::binary && (line.ends_line || line.is_last))
            add(DefectKind::line_too_long, line_start_, open.part);
    }
    check_octets(line.content(), line.offset);
    if (!open.decoder || mode_ == Mode::too_complex) return;
    const bool was_broken = open.decoder->is_broken();
    scratch_.clear();
    open.decoder->feed(line.text, scratch_);
    if (open.decoder->is_broken() && !was_broken)
        add(part.encoding == Encoding::base64 ? DefectKind::bad_base64
                                              : DefectKind::bad_quoted_printable,
            line_start_, open.part);
}

void MimeReader::Engine::check_octets(std::string_view content, std::size_t offset) {
    const PartIndex index = open_.back().part;
    Part& part = out_.parts[index];
    // Nearly all lines hold nothing that matters here.
    unsigned char high = 0;
    bool low = false;
    for (const char c : content) {
        high |= static_cast<unsigned char>(c);
        low |= c == '\0' || c == '\r' || c == '\n';
    }
    if (high > 127 && !part.has_eight_bit) {
        part.has_eight_bit = true;
        const bool is_leaf = mode_ == Mode::leaf;
        if (is_leaf && part.encoding == Encoding::seven_bit)
            add(DefectKind::eight_bit_in_7bit, line_start_, index);
        if (is_leaf && open_.back().decoder)
            add(DefectKind::eight_bit_in_encoded, line_start_, index);
    }
    if (!low) return;
    part.has_binary = true;
    if (part.encoding == Encoding::binary) return;
    for (std::size_t i = 0; i < content.size(); ++i) {
        if (content[i] == '\0') add(DefectKind::nul, offset + i, index);
        if (content[i] == '\r') add(DefectKind::bare_cr, offset + i, index);
        if (content[i] == '\n') add(DefectKind::bare_lf, offset + i, index);
    }
}

Structure MimeReader::Engine::finish() {
    splitter_.finish([this](const LinePiece& line) { take(line); });
    out_.octets = splitter_.offset();
    while (!open_.empty()) end_part(out_.octets, false);
    std::sort(out_.defects.begin(), out_.defects.end(),
              [](const PartDefect& a, const PartDefect& b) {
                  return std::tie(a.offset, a.part, a.kind) < std::tie(b.offset, b.part, b.kind);
              });
    return std::move(out_);
}

MimeReader::MimeReader(HeaderLimits limits) : engine_(std::make_unique<Engine>(limits)) {}
MimeReader::MimeReader(MimeReader&&) noexcept = default;
MimeReader::~MimeReader() = default;

void MimeReader::feed(std::string_view piece) {
    engine_->feed(piece);
}

Structure MimeReader::finish() && {
    return engine_->finish();
}

Structure read_structure(std::string_view message) {
    MimeReader reader;
    reader.feed(message);
    return std::move(reader).finish();
}

}  // namespace pidge::message
