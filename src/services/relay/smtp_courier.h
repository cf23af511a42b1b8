// SmtpCourier: brings messages by SMTP and LMTP over TCP and TLS.
//
// What protects a connection:
//   TLSA records, proven by DNSSEC: TLS whose certificate matches them, or the mail waits
//       (RFC 7672)
//   Destination::Tls::verified: TLS with a certificate of that host from a known authority, or
//       the mail waits; TLSA records are not asked for
//   Destination::Tls::required: TLS with any certificate, or the mail waits
//   else: TLS when the other side offers it and it works (RFC 7435)
// MTA-STS (RFC 8461) is not done.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "services/relay/courier.h"
#include "services/relay/hosts.h"
#include "system/dns/resolver.h"
#include "system/net/stream.h"
#include "system/tls/client_context.h"

namespace pidge::relay {

struct TlsContexts {
    std::shared_ptr<tls::ClientContext> opportunistic, verified, dane;

    // `authorities_path`: PEM file; empty: those of the system. Refused when it cannot be read.
    static Result<TlsContexts> create(const std::string& authorities_path = {});
};

struct SmtpCourierParts {
    dns::Resolver& resolver;
    TlsContexts tls;
    // Instead of a TCP connection; for tests and simulations. Throws Gone.
    std::function<net::Task<std::unique_ptr<net::Stream>>(net::Endpoint)> dial = {};
};

struct SmtpCourierOptions {
    std::string own_name;  // for EHLO; has an address record that leads back here [J7]
    dns::Self self;        // mail for ourselves is a loop (5.4.6)
    // Own addresses to connect from: one of the family of the host is taken, in no order. None of
    // that family: the system chooses.
    std::vector<net::Address> sources;
};

// Any thread; the resolver outlives it, it outlives its lines.
class SmtpCourier final : public Courier {
 public:
    SmtpCourier(SmtpCourierParts parts, SmtpCourierOptions options)
        : parts_(std::move(parts)), options_(std::move(options)) {}

    net::Task<Connected> connect(queue::Destination destination,
                                 std::vector<std::string> avoid) override;

 private:
    struct Attempt;
    net::Task<void> try_host(Attempt& attempt, const Host& host);
    net::Task<void> try_endpoint(Attempt& attempt, const Host& host, const Dane& dane,
                                 net::Endpoint endpoint);

    const SmtpCourierParts parts_;
    const SmtpCourierOptions options_;
};

}  // namespace pidge::relay
