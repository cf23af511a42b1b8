// Address lists of header fields (RFC 5322 §3.4 with the obsolete forms of §4.4; UTF-8 as RFC 6532
// §3.2).
//
//   address = mailbox / group;  mailbox = name-addr / addr-spec;  group = display-name ":"
//   [group-list] [CFWS] ";"
//
// Takes a field body without its last CRLF, folded or not. One pass, no recursion, memory in
// proportion to the body. Pure; thread-safe; the result owns its text.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "formats/address/mailbox.h"

namespace pidge::address {

struct Span {
    std::size_t offset = 0;  // octets from the start of the field body
    std::size_t length = 0;

    std::size_t end() const { return offset + length; }
    std::string_view in(std::string_view body) const { return body.substr(offset, length); }
    friend bool operator==(const Span&, const Span&) = default;
};

// What RFC 5322 §4 tells to read and forbids to write, and a few habits like it.
enum class Obsolete : std::uint16_t {
    route = 1,                // <@a,@b:c@d>
    space_in_address = 2,     // white space or a comment around "." or "@" of an address
    words_in_local_part = 4,  // "a".b@c
    dot_in_phrase = 8,        // J. Doe <j@d>
    empty_element = 16,       // a@b,,c@d
    blank_fold = 32,          // a folded line of nothing but white space
    control_in_comment = 64,
    quoted_control = 128,  // a backslash before a control character, in a comment
    raw_octets = 256,      // octets that are not UTF-8, in a phrase or comment
    literal_text = 512,    // a domain literal that is no address (RFC 5322 §4.4 obs-dtext included)
};

class ObsoleteSet {
 public:
    void add(Obsolete what) { bits_ |= static_cast<std::uint16_t>(what); }
    bool has(Obsolete what) const { return (bits_ & static_cast<std::uint16_t>(what)) != 0; }
    bool is_empty() const { return bits_ == 0; }

 private:
    std::uint16_t bits_ = 0;
};

struct ListedMailbox {
    Mailbox mailbox;
    // Whether `mailbox` is one that parse_mailbox accepts; if not, it is for display only.
    bool fits_smtp = false;
    std::string display_name;  // unquoted; encoded words left as they are (message::decode_phrase
                               // reads `phrase`)
    Span phrase;               // where the display name stands; empty when there is none
    std::string comment;       // the last comment after the address: "a@b (Alice)"
    Span addr_spec;            // the bare address: replace these octets to rewrite it
    Span whole;                // with display name, brackets and route
    std::optional<std::size_t> group;  // index into groups
};

struct Group {
    std::string name;
    Span phrase;
};

struct ListError {
    std::size_t offset = 0;
    std::string text;  // a sentence
};

struct AddressList {
    std::vector<ListedMailbox> mailboxes;
    std::vector<Group> groups;
    // Entries that cannot be read; the others are there all the same.
    std::vector<ListError> errors;
    ObsoleteSet obsolete;
    // Less than the body when the list is longer than list_addresses_max.
    std::size_t read_octets = 0;
    bool is_cut = false;

    bool is_clean() const { return errors.empty() && !is_cut; }
};

// Whatever can be read: for display, ENVELOPE, search. Never refuses.
AddressList read_address_list(std::string_view body);

// Every entry must be readable, obsolete forms included: for decisions (who wrote this? rewrite
// whom?). Refusals carry 5.6.0 and name the place. An empty list is a list.
Result<AddressList> parse_address_list(std::string_view body);

// A phrase for a header field: atoms as they are, else a quoted string. ASCII or UTF-8 (RFC 6532);
// control characters are left out. Encoded words are made by message::encode_phrase.
std::string quoted_phrase(std::string_view name);

}  // namespace pidge::address
