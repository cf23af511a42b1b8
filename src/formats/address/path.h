// Paths of MAIL and RCPT (RFC 5321 §4.1.2, RFC 6531 §3.3). Pure; thread-safe.
//
//   Reverse-path = Path / "<>"
//   Forward-path = Path / "<Postmaster>"
//   Path         = "<" [ A-d-l ":" ] Mailbox ">"
//
// The readers take what they read off the front of `in` and leave the rest (a space and
// parameters); on refusal `in` is where reading stopped. Refusals carry reply code 501 and
// status 5.1.7 (reverse) or 5.1.3 (forward); an address that needs SMTPUTF8 without it 550
// and 5.6.7.
#pragma once

#include <optional>
#include <string_view>

#include "base/result.h"
#include "formats/address/mailbox.h"

namespace pidge::address {

enum class Route : std::uint8_t {
    direct,
    source,  // "@a,@b:" stood before the mailbox. It is never followed (RFC 5321 §3.6.1); refuse it
             // or strip it
};

struct ReversePath {
    std::optional<Mailbox> mailbox;  // absent: the null path <>
    Route route = Route::direct;

    bool is_null() const { return !mailbox; }
    std::string text() const { return mailbox ? "<" + mailbox->text() + ">" : "<>"; }
    friend bool operator==(const ReversePath&, const ReversePath&) = default;
};

struct ForwardPath {
    Mailbox mailbox;  // the domain is empty for <postmaster>, in any case (RFC 5321 §4.1.1.3)
    Route route = Route::direct;

    std::string text() const { return "<" + mailbox.text() + ">"; }
    friend bool operator==(const ForwardPath&, const ForwardPath&) = default;
};

Result<ReversePath> read_reverse_path(std::string_view& in, Utf8 utf8);
Result<ForwardPath> read_forward_path(std::string_view& in, Utf8 utf8);

// A Mailbox off the front of `in`, up to the first character that cannot belong to it.
Result<Mailbox> read_mailbox(std::string_view& in, Utf8 utf8, Role role);

// The refusal of an address, with the status that its role asks for.
Refusal address_refusal(Role role, std::string text);

}  // namespace pidge::address
