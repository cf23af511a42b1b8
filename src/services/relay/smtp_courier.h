// SmtpCourier: brings messages by SMTP and LMTP over TCP and TLS.
//
// What protects a connection:
//   TLSA records, proven by DNSSEC: TLS whose certificate matches them, or the mail waits
//       (RFC 7672)
//   an MTA-STS policy of mode enforce, where no TLSA records are proven: TLS with a certificate of
//       an exchanger that the policy names, from a known authority, or the mail waits (RFC 8461)
//   Destination::Tls::verified: TLS with a certificate of that host from a known authority, or
//       the mail waits; neither TLSA records nor policies are asked for
//   Destination::Tls::required: TLS with any certificate, or the mail waits
//   else: TLS when the other side offers it and it works (RFC 7435); for Destination::Tls::any
//       whatever the domain publishes
//
// A destination with a user is logged in at, within verified TLS only; when that fails the mail
// waits, for the mistake is ours or that host's, not the sender's.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "formats/tlsrpt/session.h"
#include "services/relay/courier.h"
#include "services/relay/hosts.h"
#include "services/relay/limits.h"
#include "services/sts/policies.h"
#include "system/crypto/secret.h"
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
    // MTA-STS policies; null: none are asked for. Outlives the courier.
    sts::Policies* policies = nullptr;
    // Told of each attempt to speak TLS with a mail exchanger, for TLS reports. On any loop; does
    // not wait. May be empty.
    std::function<void(tlsrpt::Session)> observe = {};
    // The password of a destination's user. A refusal is a temporary failure with its text. May be
    // empty where no destination has a user.
    std::function<net::Task<Result<crypto::Secret>>(queue::Destination)> password = {};
    // Where we are ourselves now: mail for there is a loop (5.4.6). On any loop; does not wait. May
    // be empty.
    std::function<dns::Self()> self = {};
};

struct SmtpCourierOptions {
    std::string own_name;  // for EHLO; has an address record that leads back here [J7]
    // Own addresses to connect from: one of the family of the host is taken, in no order. None of
    // that family: the system chooses.
    std::vector<net::Address> sources;
    // The longest wait at any one step with another host, TLS included.
    std::chrono::seconds wait_max = limits::wait_max;
};

struct HostPolicy;

// Any thread; the resolver outlives it, it outlives its lines.
class SmtpCourier final : public Courier {
 public:
    SmtpCourier(SmtpCourierParts parts, SmtpCourierOptions options)
        : parts_(std::move(parts)), options_(std::move(options)) {}

    net::Task<Connected> connect(queue::Destination destination,
                                 std::vector<std::string> avoid) override;

 private:
    struct Attempt;
    struct Addresses {
        std::string sending, receiving;
    };
    net::Task<void> find_policy(Attempt& attempt);
    net::Task<void> try_host(Attempt& attempt, const Host& host);
    net::Task<void> try_endpoint(Attempt& attempt, const Host& host, const HostPolicy& policy,
                                 net::Endpoint endpoint);
    void observe(const Attempt& attempt, const Host& host, const HostPolicy& policy,
                 tlsrpt::Result result, Addresses addresses) const;

    const SmtpCourierParts parts_;
    const SmtpCourierOptions options_;
};

}  // namespace pidge::relay
