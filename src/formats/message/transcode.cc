#include "formats/message/transcode.h"

#include "base/check.h"
#include "base/text.h"
#include "formats/message/header_edit.h"

namespace pidge::message {

namespace {

Refusal cannot(std::string text) {
    return {.kind = Refusal::Kind::unsupported,
            .text = std::move(text),
            .status = {5, 6, 3},
            .reply_code = 554};
}

// RFC 1847 §2.1: the parts of a multipart/signed are covered, octet for octet, its own header is
// not.
bool is_signed(const Structure& structure, PartIndex index) {
    for (auto at = structure.parts[index].parent; at; at = structure.parts[*at].parent)
        if (structure.parts[*at].content_type.is("multipart", "signed")) return true;
    return false;
}

// RFC 2045 §6.4: multipart and message allow no other encoding than 7bit, 8bit and binary. Their
// parts are converted; where none could be read, nothing can. RFC 6532 §3.7 and RFC 6533 §6 lift it
// for message/global and its kin.
bool may_be_encoded(const ContentType& content_type) {
    if (content_type.type == "multipart") return false;
    return content_type.type != "message" || content_type.subtype.starts_with("global");
}

Refusal is_signed_refusal() {
    return cannot(
        "The message is signed, and converting it for the next hop would break the signature.");
}

// Defects with which another reader may see other parts than we do, or labels that cannot be
// corrected.
Result<void> check_structure(const Structure& structure, Target target) {
    for (const PartDefect& defect : structure.defects) switch (defect.kind) {
            case DefectKind::utf8_in_header:
            case DefectKind::raw_octets_in_header:
                if (target == Target::canonical) break;
                return Refusal{
                    .kind = Refusal::Kind::unsupported,
                    .text =
                        "A header field is not ASCII, and the next hop does not offer SMTPUTF8.",
                    .status = {5, 6, 7},
                    .reply_code = 550};
            case DefectKind::duplicate_field:
            case DefectKind::bad_encoding_value:
            case DefectKind::boundary_prefix:
            case DefectKind::boundary_after_end:
            case DefectKind::boundary_with_text:
            case DefectKind::header_too_long:
            case DefectKind::too_complex:
            case DefectKind::encoded_composite:
            case DefectKind::eight_bit_in_encoded:
                return cannot(
                    "The message would have to be converted, and is not clear enough for that: " +
                    std::string(meaning_of(defect.kind)) + ".");
            default:
                break;
        }
    return {};
}

struct Change {
    bool is_needed = false;
    bool encodes = false;
    Encoding encoding{};
};

// What cannot be changed although it would have to be.
Result<void> check_part(const Structure& structure, PartIndex index, const Change& change,
                        Target target) {
    const Part& part = structure.parts[index];
    const bool holds_foreign = part.has_binary && target == Target::canonical;
    const bool is_wide = target == Target::seven_bit && part.has_eight_bit;
    if (is_signed(structure, index) && (change.is_needed || holds_foreign || is_wide))
        return is_signed_refusal();
    if (change.encodes && !may_be_encoded(part.content_type))
        return cannot("A part of type " + part.content_type.text() +
                      " would have to be converted, and may not be.");
    return {};
}

Change change_of(const Part& part, Target target) {
    const bool is_composite = !part.children.empty();
    const bool is_wide = part.encoding == Encoding::binary ||
                         (target == Target::seven_bit && part.encoding == Encoding::eight_bit);
    if (is_composite)
        return {is_wide, false,
                target == Target::seven_bit ? Encoding::seven_bit : Encoding::eight_bit};
    const bool is_identity = part.encoding == Encoding::seven_bit ||
                             part.encoding == Encoding::eight_bit ||
                             part.encoding == Encoding::binary;
    if (!is_identity) return {};
    if (part.has_binary || (target == Target::seven_bit && part.has_eight_bit)) {
        const bool is_text = part.content_type.type == "text" && part.encoding != Encoding::binary;
        return {true, true, is_text ? Encoding::quoted_printable : Encoding::base64};
    }
    return {is_wide, false, part.has_eight_bit ? Encoding::eight_bit : Encoding::seven_bit};
}

// Whether there are octets above 127, or may be where nobody has looked.
bool is_wide_anywhere(const Structure& structure) {
    return structure.parts.front().has_eight_bit || structure.is_too_complex ||
           structure.has(DefectKind::utf8_in_header) ||
           structure.has(DefectKind::raw_octets_in_header);
}

bool is_bare(char c) {
    return c == '\0' || c == '\n';
}

}  // namespace

Result<Transcoding> plan_transcoding(const Structure& structure, Target target) {
    Transcoding plan{.target = target, .octets = structure.octets};
    for (PartIndex index = 0; index < structure.parts.size(); ++index) {
        const Part& part = structure.parts[index];
        const Change change = change_of(part, target);
        TRY(check_part(structure, index, change, target));
        if (!change.is_needed) continue;
        plan.steps.push_back(
            {.work = Transcoding::Work::header,
             .span = part.header,
             .encoding = change.encoding,
             .adds_mime_version = index == 0 && !structure.has_mime_version,
             .adds_charset = index == 0 && !part.has_content_type && part.has_eight_bit});
        if (!change.encodes) continue;
        plan.steps.push_back({.work = Transcoding::Work::body,
                              .span = part.body,
                              .encoding = change.encoding,
                              .content = change.encoding == Encoding::quoted_printable
                                             ? Encoder::Content::text
                                             : Encoder::Content::binary});
    }
    const Part& whole = structure.parts.front();
    // What stands around the parts of a multipart may need it too.
    plan.is_needed = !plan.steps.empty() || whole.has_binary ||
                     (target == Target::seven_bit && is_wide_anywhere(structure));
    if (!plan.is_needed) return plan;
    TRY(check_structure(structure, target));
    // A header lies before its body, and a part before its parts, so the steps are in order but for
    // nested headers.
    for (std::size_t i = 1; i < plan.steps.size(); ++i)
        check(plan.steps[i - 1].span.end() <= plan.steps[i].span.offset, "steps out of order");
    return plan;
}

void Transcoder::feed(std::string_view piece, Bytes& out) {
    check(offset_ + piece.size() <= plan_.octets, "more octets than the structure is of");
    while (!piece.empty()) {
        const bool is_last = next_ == plan_.steps.size();
        const Span span = is_last ? Span{plan_.octets + 1, 0} : plan_.steps[next_].span;
        if (offset_ < span.offset) {
            const std::size_t n = std::min(piece.size(), span.offset - offset_);
            copy(piece.substr(0, n), out);
            piece.remove_prefix(n);
            offset_ += n;
            continue;
        }
        if (offset_ == span.offset) begin_step();
        const std::size_t n = std::min(piece.size(), span.end() - offset_);
        feed_step(piece.substr(0, n), out);
        piece.remove_prefix(n);
        offset_ += n;
        if (offset_ == span.end()) end_step(out);
    }
}

void Transcoder::begin_step() {
    const Transcoding::Step& step = plan_.steps[next_];
    if (step.work == Transcoding::Work::body) encoder_.emplace(step.encoding, step.content);
}

void Transcoder::feed_step(std::string_view piece, Bytes& out) {
    if (plan_.steps[next_].work == Transcoding::Work::header) {
        header_ += piece;
        return;
    }
    encoder_->feed(piece, out);
    tail_ += piece.substr(piece.size() - std::min<std::size_t>(2, piece.size()));
    tail_.erase(0, tail_.size() - std::min<std::size_t>(2, tail_.size()));
}

void Transcoder::end_step(Bytes& out) {
    const Transcoding::Step& step = plan_.steps[next_++];
    if (step.work == Transcoding::Work::body) {
        encoder_->finish(out);
        encoder_.reset();
        // The message ends with a line end, which quoted-printable can add without adding content.
        const bool ends_message = step.span.end() == plan_.octets;
        if (ends_message && step.encoding == Encoding::quoted_printable && tail_ != "\r\n")
            out += "=\r\n";
        tail_.clear();
        return;
    }
    const Header header = Header::parse(std::exchange(header_, {}));
    HeaderEdit edit(header);
    if (step.adds_mime_version) edit.append("MIME-Version", "1.0");
    if (step.adds_charset) edit.append("Content-Type", "text/plain; charset=unknown-8bit");
    const Field* field = header.find("Content-Transfer-Encoding");
    if (field == nullptr)
        edit.append("Content-Transfer-Encoding", name_of(step.encoding));
    else
        edit.replace(field->body, " " + std::string(name_of(step.encoding)));
    out += edit.bytes();
}

// Octets that no step changes. Where they cannot stay they stand around parts, in text that nobody
// is shown.
void Transcoder::copy(std::string_view piece, Bytes& out) {
    for (const char c : piece) {
        if (holds_cr_) {
            holds_cr_ = false;
            if (c == '\n') {
                out += "\r\n";
                continue;
            }
            out += '?';
        }
        const bool is_wide =
            plan_.target == Target::seven_bit && static_cast<unsigned char>(c) > 127;
        if (c == '\r')
            holds_cr_ = true;
        else
            out += is_bare(c) || is_wide ? '?' : c;
    }
}

void Transcoder::finish(Bytes& out) {
    check(offset_ == plan_.octets, "fewer octets than the structure is of");
    if (holds_cr_) out += '?';
    // An empty body at the very end has nothing to feed.
    while (next_ < plan_.steps.size()) {
        begin_step();
        end_step(out);
    }
}

}  // namespace pidge::message
