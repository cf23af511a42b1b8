// Report: what came of a day's connections to the exchangers of one domain, as JSON (RFC 8460 §4.4)
// and as a message that carries it (§5.3). Pure.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/clock.h"
#include "formats/address/mailbox.h"
#include "formats/tlsrpt/session.h"

namespace pidge::tlsrpt {

struct Failure {
    Result result;
    std::string sending_address, receiving_host, receiving_address;
    std::uint64_t sessions = 0;
};

struct Summary {
    Policy policy;
    std::uint64_t successes = 0;
    std::uint64_t failures = 0;  // those without details too
    std::vector<Failure> details;
};

struct Report {
    std::string organisation;  // who reports: a domain
    address::Mailbox contact;  // whose domain is the submitter
    std::string id;            // unique; an id-left and id-right of a Message-ID
    std::string domain;        // whom it is about
    WallTime start, end;       // the last second is in it
    std::vector<Summary> policies;
};

std::string json_of(const Report& report);

// §5.1: "site.example!example.org!1470013200!1470099599.json.gz"
std::string file_name(const Report& report);

// The message that carries the compressed report to `to`: canonical CRLF, ASCII.
Bytes message_of(const Report& report, ByteView gzip, const address::Mailbox& to, WallTime now);

}  // namespace pidge::tlsrpt
