// HostPolicy: what protects the connections to one host: what the destination demands, and what the
// domain's owner does, by DANE (RFC 7672) or MTA-STS (RFC 8461). Pure. Internal to this folder.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "formats/mtasts/policy.h"
#include "formats/tlsrpt/session.h"
#include "services/relay/hosts.h"

namespace pidge::relay {

// What a connection must be protected by.
struct Protection {
    enum class Kind : std::uint8_t { none, opportunistic, encrypted, verified, dane };
    Kind kind = Kind::opportunistic;
    std::vector<tls::TlsaRecord> records;  // dane

    bool is_must() const { return kind != Kind::none && kind != Kind::opportunistic; }
};
Protection protection_of(const queue::Destination& destination, const Dane& dane);

// Whether what the domain's owner asks for counts: not where the site itself says which certificate
// it wants, nor where the mail is to arrive in any case.
bool asks_owner(const queue::Destination& destination);

struct HostPolicy {
    Protection protection;
    tlsrpt::Policy told;      // for the report
    bool is_foreign = false;  // an MTA-STS policy holds, and does not name this host
    bool is_usable = true;    // false: it holds for good (mode enforce), and the host is foreign
};

// RFC 8461 §2: a host whose TLSA records count is judged by those alone.
HostPolicy policy_of(const queue::Destination& destination, const Host& host, const Dane& dane,
                     const std::optional<mtasts::Policy>& sts);

// The host as the domain's MX record names it.
const std::string& exchanger_name(const Host& host);

// What came of TLS on one connection.
struct TlsOutcome {
    enum class Kind : std::uint8_t {
        absent,      // it was not offered, or refused
        failed,      // the handshake failed
        unverified,  // it is encrypted; the certificate proves nothing
        verified,
    };
    Kind kind = Kind::absent;
    std::string text;  // why; empty when verified
};
tlsrpt::Result told_result(const HostPolicy& policy, const TlsOutcome& outcome);

}  // namespace pidge::relay
