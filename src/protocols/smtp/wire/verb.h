// The verbs of SMTP that the server knows, and those of HTTP (attacks.md F09).
#pragma once

#include <cstdint>
#include <string_view>

namespace pidge::smtp {

enum class Verb : std::uint8_t {
    unknown,
    http,  // a request line of HTTP: nobody who speaks SMTP begins so
    helo,
    ehlo,
    mail,
    rcpt,
    data,
    bdat,
    rset,
    noop,
    vrfy,
    expn,
    help,
    quit,
    starttls,
    auth,
};
inline constexpr std::size_t verb_count = static_cast<std::size_t>(Verb::auth) + 1;

// In any case (RFC 5321 §2.4).
Verb verb_of(std::string_view word);
std::string_view name_of(Verb verb);  // "MAIL"; "unknown" and "http" for those two

}  // namespace pidge::smtp
