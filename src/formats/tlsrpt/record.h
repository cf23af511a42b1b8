// The record with which a domain asks for TLS reports (RFC 8460 §3). Pure; any octets are accepted.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "formats/address/mailbox.h"

namespace pidge::tlsrpt {

// Where a report is wanted.
struct Place {
    enum class Kind : std::uint8_t { mail, web };
    Kind kind = Kind::mail;
    address::Mailbox mailbox;  // mail
    std::string host, path;    // web: an A-label name, and the form of a request line
    std::uint16_t port = 443;

    std::string text() const;  // as a URI

    friend bool operator==(const Place&, const Place&) = default;
};

// Of the one record among the TXT records of "_smtp._tls.<domain>": the places of its rua that we
// know how to reach, in order. Empty: there is none, there are several, or it cannot be read.
std::vector<Place> find_places(const std::vector<std::string>& txt_records);

}  // namespace pidge::tlsrpt
