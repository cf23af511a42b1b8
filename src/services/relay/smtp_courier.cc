#include "services/relay/smtp_courier.h"

#include <algorithm>

#include "base/random.h"
#include "services/relay/limits.h"
#include "services/relay/opening.h"

namespace pidge::relay {

using Kind = queue::RecipientResult::Kind;

Result<TlsContexts> TlsContexts::create(const std::string& authorities_path) {
    const auto context = [&](tls::Verification verification) {
        return tls::ClientContext::create(
            {.verification = verification, .authorities_path = authorities_path});
    };
    TlsContexts contexts;
    contexts.opportunistic = TRY(context(tls::Verification::opportunistic));
    contexts.verified = TRY(context(tls::Verification::required));
    contexts.dane = TRY(context(tls::Verification::dane));
    return contexts;
}

// One call of connect(): what was tried, and the failure that stands if nothing works.
struct SmtpCourier::Attempt {
    queue::Destination destination;
    std::vector<std::string> avoid;
    Connected connected;
    std::size_t tried = 0;
    bool has_failure = false;

    bool is_over() const { return connected.line || tried >= limits::hosts_tried_max; }
    // A host that may take it later outweighs those that never will: only when all say so it is
    // never.
    void note(const LineInfo& where, queue::RecipientResult failure) {
        connected.tried.push_back({where, failure.text});
        const bool outweighs =
            failure.kind == Kind::temporary && connected.failure.kind == Kind::permanent;
        if (!has_failure || outweighs) connected.failure = std::move(failure);
        has_failure = true;
    }
};

net::Task<Connected> SmtpCourier::connect(queue::Destination destination,
                                          std::vector<std::string> avoid) {
    Attempt attempt{.destination = std::move(destination), .avoid = std::move(avoid)};
    Hosts found =
        co_await find_hosts(parts_.resolver, attempt.destination, options_.self, random_u64());
    if (found.failure) {
        attempt.note({}, *std::move(found.failure));
    } else {
        for (const Host& host : found.hosts) {
            if (!attempt.is_over()) co_await try_host(attempt, host);
        }
    }
    if (!attempt.has_failure)
        attempt.connected.failure = {
            .kind = Kind::temporary, .status = {4, 4, 1}, .text = "no further host can be tried"};
    attempt.connected.is_unreachable = attempt.connected.failure.kind == Kind::temporary;
    co_return std::move(attempt.connected);
}

net::Task<void> SmtpCourier::try_host(Attempt& attempt, const Host& host) {
    Dane dane;
    if (attempt.destination.tls != queue::Destination::Tls::verified)
        dane = co_await find_dane(parts_.resolver, host);
    if (dane.kind == Dane::Kind::unknown) {
        attempt.note({.host = host.name},
                     {.kind = Kind::temporary,
                      .status = {4, 7, 5},
                      .text = "the TLSA records of " + host.name + " cannot be found now"});
        co_return;
    }
    for (const net::Address& address : host.addresses) {
        const net::Endpoint endpoint{address, host.port};
        const bool is_avoided =
            std::ranges::find(attempt.avoid, endpoint.text()) != attempt.avoid.end();
        if (attempt.is_over()) co_return;
        if (!is_avoided) co_await try_endpoint(attempt, host, dane, endpoint);
    }
}

net::Task<void> SmtpCourier::try_endpoint(Attempt& attempt, const Host& host, const Dane& dane,
                                          net::Endpoint endpoint) {
    ++attempt.tried;
    OpeningPlan plan{attempt.destination, host, endpoint, protection_of(attempt.destination, dane)};
    const LineInfo where{.host = host.name.empty() ? endpoint.address.literal() : host.name,
                         .address = endpoint.text()};
    Opened opened = co_await open_line(parts_, options_, plan);
    // RFC 7435 §3: what need not be protected goes in clear rather than not at all.
    if (!opened.line && opened.is_tls_trouble && !plan.protection.is_must()) {
        attempt.connected.tried.push_back({where, opened.failure.text});
        plan.protection = {Protection::Kind::none, {}};
        opened = co_await open_line(parts_, options_, plan);
    }
    if (opened.line)
        attempt.connected.line = std::move(opened.line);
    else
        attempt.note(where, std::move(opened.failure));
}

}  // namespace pidge::relay
