#include "mail/policy/author.h"

#include <algorithm>

#include "base/text.h"
#include "mail/policy/refusals.h"

namespace pidge::policy {

namespace {

using address::Obsolete;
using message::DefectKind;
using message::Field;
using message::Header;

// Lawful once, and read in more than one way today.
constexpr Obsolete ambiguous_forms[] = {
    Obsolete::route,          Obsolete::space_in_address,
    Obsolete::blank_fold,     Obsolete::control_in_comment,
    Obsolete::quoted_control,
};

std::string shown(const Field& field, const Header& header) {
    return text::printable(message::unfold_trimmed(field.raw.in(header.bytes())), 100) + ".";
}

// "From" for a reader that overlooks what cannot stand in a name: blanks, controls, octets above
// 127.
bool looks_like_from(const Field& field, const Header& header) {
    const std::string_view line = field.raw.in(header.bytes());
    std::string name;
    for (const char c : line.substr(0, line.find(':')))
        if (c > ' ' && c < 127) name += c;
    return text::iequals(name, "From") && line.find(':') != line.npos;
}

// No program writes one there; some decode it all the same.
bool has_encoded_word(const address::Mailbox& mailbox) {
    const auto is_one = [](std::string_view part) {
        const std::size_t start = part.find("=?");
        return start != part.npos && part.find("?=", start + 2) != part.npos;
    };
    return is_one(mailbox.local_part) || is_one(mailbox.domain);
}

Refusal ambiguous(const Field& field, const Header& header) {
    return refuse(Code::from_ambiguous, shown(field, header));
}

}  // namespace

bool is_ambiguous(const address::AddressList& list) {
    return std::ranges::any_of(ambiguous_forms,
                               [&](Obsolete form) { return list.obsolete.has(form); });
}

Result<Author> find_author(const Header& header) {
    Author author;
    std::size_t count = 0;
    for (const Field& field : header.fields()) {
        if (!looks_like_from(field, header)) continue;
        ++count;
        author.field = &field;
    }
    if (count == 0) return refuse(Code::from_missing);
    if (count > 1)
        return refuse(Code::from_ambiguous, "From stands " + std::to_string(count) + " times.");
    const Field& from = *author.field;
    // RFC 5322 §4.5.8 has blanks before the colon; not all who read it do.
    if (from.raw.in(header.bytes()).substr(0, 5).back() != ':') return ambiguous(from, header);
    for (const message::Defect& defect : header.defects().list()) {
        const bool ends_header_for_some = defect.kind == DefectKind::begins_with_continuation ||
                                          defect.kind == DefectKind::no_colon ||
                                          defect.kind == DefectKind::bad_field_name;
        if (ends_header_for_some && defect.offset <= from.raw.offset)
            return refuse(Code::from_ambiguous,
                          "Before From there is a line that is no header field.");
    }
    auto list = address::parse_address_list(header.body(from));
    if (!list || list->mailboxes.size() != 1 || !list->groups.empty())
        return ambiguous(from, header);
    if (is_ambiguous(*list)) return ambiguous(from, header);
    author.listed = std::move(list->mailboxes.front());
    if (has_encoded_word(author.listed.mailbox)) return ambiguous(from, header);
    return author;
}

}  // namespace pidge::policy
