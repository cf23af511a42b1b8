// The hosts of a destination, in the order to try them (RFC 5321 §5.1), and what is known of their
// DANE records (RFC 7672).
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "mail/queue/entry.h"
#include "mail/queue/outcome.h"
#include "system/dns/resolver.h"
#include "system/net/endpoint.h"
#include "system/tls/handshake.h"

namespace pidge::relay {

struct Host {
    std::string name;  // empty: an address stood in its place
    std::vector<net::Address> addresses;
    std::uint16_t port = 25;
    // The way from the domain to these addresses was proven by DNSSEC: TLSA records count.
    bool is_secure = false;
    std::string alias_of;  // the name before CNAMEs were followed; empty: the same
    std::string domain;    // mx: the domain; a certificate may name it instead (RFC 7672 §3.2.2)
};

struct Hosts {
    std::vector<Host> hosts;                        // empty exactly when there is a failure
    std::optional<queue::RecipientResult> failure;  // permanent only where the DNS is sure
};

net::Task<Hosts> find_hosts(dns::Resolver& resolver, const queue::Destination& destination,
                            const dns::Self& self, std::uint64_t seed);

struct Dane {
    enum class Kind : std::uint8_t {
        none,       // no TLSA records, or not proven: as if there were no DANE
        encrypted,  // none that we can use: TLS is a must all the same (RFC 7672 §2.2)
        verified,   // the certificate must match one of them
        unknown,    // not known now: this host must not be used (RFC 7672 §2.1.2)
    } kind = Kind::none;
    std::vector<tls::TlsaRecord> records;
};
net::Task<Dane> find_dane(dns::Resolver& resolver, const Host& host);

}  // namespace pidge::relay
