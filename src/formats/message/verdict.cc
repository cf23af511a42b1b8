#include "formats/message/verdict.h"

#include <fmt/core.h>

namespace pidge::message {

namespace {

Conformity gravity(DefectKind kind) {
    switch (kind) {
        case DefectKind::utf8_in_header:
        case DefectKind::field_too_long:  // dear to display, and read by all in the same way
            return Conformity::conform;
        case DefectKind::blank_fold:
        case DefectKind::duplicate_field:
        case DefectKind::duplicate_parameter:
        case DefectKind::bad_parameters:
        case DefectKind::bad_base64:
        case DefectKind::bad_quoted_printable:
        case DefectKind::eight_bit_in_encoded:
        case DefectKind::encoded_composite:
        case DefectKind::boundary_prefix:
        case DefectKind::boundary_after_end:
        case DefectKind::boundary_with_text:
        case DefectKind::bad_boundary:
        case DefectKind::bare_cr:
        case DefectKind::bare_lf:
        case DefectKind::nul:
            return Conformity::ambiguous;
        default:
            return Conformity::broken;
    }
}

// The part lies in an attached message.
bool is_embedded(const Structure& structure, PartIndex index) {
    for (std::optional<PartIndex> at = structure.parts[index].parent; at;
         at = structure.parts[*at].parent)
        if (structure.parts[*at].is_message()) return true;
    return false;
}

// Defects of an attached message that change where the parts around it begin and end, or how it can
// be carried.
bool counts_when_embedded(DefectKind kind) {
    switch (kind) {
        case DefectKind::boundary_prefix:
        case DefectKind::boundary_after_end:
        case DefectKind::boundary_with_text:
        case DefectKind::too_complex:
        case DefectKind::nul:
        case DefectKind::bare_cr:
        case DefectKind::bare_lf:
        case DefectKind::line_too_long:
            return true;
        default:
            return false;
    }
}

// A message that is all header is lawful when it ends in a line end (RFC 5322 §3.5: the body is
// optional).
bool is_bodiless(const Structure& structure, const PartDefect& defect) {
    return defect.kind == DefectKind::no_blank_line && defect.part == 0 &&
           defect.offset == structure.octets;
}

}  // namespace

Verdict strict_verdict(const Structure& structure) {
    Verdict verdict;
    bool only_version = true;
    for (const PartDefect& defect : structure.defects) {
        const Conformity grave = gravity(defect.kind);
        if (grave == Conformity::conform || is_bodiless(structure, defect)) continue;
        if (is_embedded(structure, defect.part) && !counts_when_embedded(defect.kind)) continue;
        only_version =
            only_version && defect.kind == DefectKind::no_mime_version && defect.part == 0;
        if (grave <= verdict.conformity) continue;
        verdict.conformity = grave;
        verdict.kind = defect.kind;
        verdict.offset = defect.offset;
        verdict.number = structure.parts[defect.part].number;
    }
    if (verdict.conformity == Conformity::conform) return verdict;
    verdict.wants_mime_version = only_version;
    const bool is_whole = verdict.number.empty() || verdict.number == "TEXT";
    verdict.text =
        fmt::format("{}, octet {}: {}.", is_whole ? "The message" : "Part " + verdict.number,
                    verdict.offset, meaning_of(verdict.kind));
    return verdict;
}

}  // namespace pidge::message
