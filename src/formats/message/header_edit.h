// HeaderEdit: changes to a header block that leave every field they do not name as it is, octet for
// octet. Collect the changes, then take the new block. Pure; the Header must outlive the edit; one
// thread at a time.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "formats/message/header.h"

namespace pidge::message {

class HeaderEdit {
 public:
    explicit HeaderEdit(const Header& header) : header_(&header) {}

    // Octets of the block, for example a field's body or an address within it. Places must not
    // overlap.
    void replace(Span where, std::string with);
    void remove(const Field& field);
    // A whole field at the top, or below the last one. The body is folded to fold_octets where it
    // has spaces; line ends and other control characters in it are the caller's error.
    void prepend(std::string_view name, std::string_view body);
    void append(std::string_view name, std::string_view body);

    bool is_empty() const { return places_.empty() && top_.empty() && bottom_.empty(); }
    Bytes bytes() const;  // the new block, its blank line included where the old one had it

 private:
    struct Place {
        Span where;
        std::string with;
    };
    const Header* header_;
    std::vector<Place> places_;
    Bytes top_, bottom_;
};

// "Name: body" folded before spaces so that lines have at most fold_octets where possible, with the
// last CRLF.
Bytes folded_field(std::string_view name, std::string_view body);

}  // namespace pidge::message
