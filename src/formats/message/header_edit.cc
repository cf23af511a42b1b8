#include "formats/message/header_edit.h"

#include <algorithm>

#include "base/check.h"
#include "base/text.h"

namespace pidge::message {

Bytes folded_field(std::string_view name, std::string_view body) {
    check(std::ranges::none_of(body, text::is_control),
          "a control character in a generated header field");
    Bytes field(name);
    field += ':';
    std::size_t line = field.size();
    while (!body.empty()) {
        // A word with the spaces before it; RFC 5322 §2.2.3 folds before white space.
        const std::size_t word = std::min(body.find_first_not_of(' '), body.size());
        const std::size_t end = std::min(body.find(' ', word), body.size());
        const bool first = line == field.size() && field.size() == name.size() + 1;
        const std::size_t spaces = first && word == 0 ? 1 : 0;
        if (!first && line + end > fold_octets && word > 0) {
            field += "\r\n";
            line = 0;
        }
        field.append(spaces, ' ').append(body.substr(0, end));
        line += spaces + end;
        body.remove_prefix(end);
    }
    return field += "\r\n";
}

void HeaderEdit::replace(Span where, std::string with) {
    places_.push_back({where, std::move(with)});
}

void HeaderEdit::remove(const Field& field) {
    replace(field.raw, {});
}

void HeaderEdit::prepend(std::string_view name, std::string_view body) {
    top_ = folded_field(name, body) + top_;
}

void HeaderEdit::append(std::string_view name, std::string_view body) {
    bottom_ += folded_field(name, body);
}

Bytes HeaderEdit::bytes() const {
    std::vector<Place> places = places_;
    std::ranges::sort(places, {}, [](const Place& place) { return place.where.offset; });
    const std::string_view old = header_->bytes();
    Bytes block = top_;
    std::size_t at = 0;
    for (const Place& place : places) {
        check(place.where.offset >= at && place.where.end() <= header_->fields_end(),
              "header edits overlap");
        block += old.substr(at, place.where.offset - at);
        block += place.with;
        at = place.where.end();
    }
    block += old.substr(at, header_->fields_end() - at);
    // A block may end without a line end when it is all there is of a message.
    if (!bottom_.empty() && !block.empty() && !block.ends_with("\r\n")) block += "\r\n";
    block += bottom_;
    block += old.substr(header_->fields_end());
    return block;
}

}  // namespace pidge::message
