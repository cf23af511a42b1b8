// Where mail for a domain goes (RFC 5321 §5.1, RFC 7505): pure functions over DNS answers.
//
//   answer to the MX question ─ route() ─► hosts in the order to try them
//   addresses of those hosts ── settle() ─► the same without ourselves and without hosts that have
//   no address
// find_mail_exchangers (resolver.h) does both with the look-ups between them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "system/dns/answer.h"
#include "system/dns/record.h"
#include "system/net/endpoint.h"

namespace pidge::dns {

// How others may name this server. RFC 5321 §5.1: it must not send mail to itself, nor to
// exchangers that are no better than itself.
struct Self {
    std::vector<std::string> names;  // A-labels, lower case, no dot at the end
    std::vector<net::Address> addresses;
    // Mail is taken at this machine: so loopback (127.0.0.0/8, ::1) and the unspecified addresses,
    // which stand for it, lead to ourselves.
    bool is_this_machine = false;
};

struct Exchanger {
    std::string host;  // empty for an address literal
    std::uint16_t preference = 0;
    Answer<net::Address> addresses;  // temporary with an empty text until it was looked up
};

// A destination: hosts to try, or why there are none.
struct Route {
    enum class Kind : std::uint8_t {
        hosts,      // `exchangers` is not empty
        temporary,  // try again later; `refusal` tells why
        none,       // will not get better by itself; `refusal` tells why, with its RFC 3463 code
    };
    Kind kind = Kind::temporary;
    std::vector<Exchanger> exchangers;  // in the order in which they are to be tried
    // The MX answer (or its proven absence) was secure: RFC 7672 §2.2.1, a condition of DANE.
    bool secure = false;
    bool implicit = false;  // there is no MX record: the domain's own addresses count
    Refusal refusal;
};

// "[192.0.2.1]" and "[IPv6:2001:db8::1]" (RFC 5321 §4.1.3): the one address, nothing to ask.
// Nullopt: not a literal.
std::optional<Route> route_of_literal(std::string_view domain, const Self& self);

// Sorts by preference; equals come in an order drawn from `seed` (RFC 5321 §5.1: "the sender-SMTP
// MUST randomize them").
Route route(std::string_view domain, const Answer<MxRecord>& mx, const Self& self,
            std::uint64_t seed);

// Judges the route once every exchanger's `addresses` are there.
Route settle(std::string_view domain, Route route, const Self& self);

}  // namespace pidge::dns
