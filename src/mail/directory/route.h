// A route: how mail for a domain leaves this machine. A plain value; the most specific route that
// names a domain counts.
#pragma once

#include <cstdint>
#include <string>

#include "base/clock.h"
#include "mail/directory/ids.h"

namespace pidge::directory {

struct Route {
    enum class Kind : std::uint8_t {
        mx = 0,        // to the domain's mail exchangers (RFC 5321 §5.1)
        next_hop = 1,  // to one named host, by SMTP
        lmtp = 2,      // to one named host, by LMTP (RFC 2033)
        // Accepted and thrown away; for measurements and for addresses that nobody reads.
        discard = 3,
        refuse = 4,  // refused while the client is there, with `text`
    };
    enum class Tls : std::uint8_t {
        // When the other side offers it; not verified, as MX hosts cannot be asked to be.
        opportunistic = 0,
        required = 1,  // or the mail waits
        // With a certificate of that host name from a known authority, or the mail waits.
        verified = 2,
    };
    RouteId id;
    std::string domain;  // "example.org", ".example.org" (everything below it) or "*"
    Kind kind = Kind::mx;
    std::string host;  // next_hop, lmtp: a name or an address
    std::uint16_t port = 25;
    Tls tls = Tls::opportunistic;
    // next_hop: TLS from the first octet instead of STARTTLS (RFC 8314 §3.3); on port 465 always.
    bool implicit_tls = false;
    // next_hop with verified TLS: the name to log in with there; empty: nobody logs in.
    std::string user;
    // The file whose first line is the password: an absolute path. The secret itself is in no
    // record, so no list, audit entry or export can show it.
    std::string password_file;
    std::string text;  // refuse: what the sender is told
    WallTime created;

    friend bool operator==(const Route&, const Route&) = default;
};

}  // namespace pidge::directory
