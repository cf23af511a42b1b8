#include "services/relay/smtp_courier.h"

#include <algorithm>

#include "base/random.h"
#include "base/text.h"
#include "services/relay/host_policy.h"
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

namespace {

tlsrpt::Result told_result(const sts::Failure& failure) {
    using Reason = sts::Failure::Kind;
    using tlsrpt::ResultType;
    const ResultType type = failure.kind == Reason::fetch ? ResultType::sts_policy_fetch_error
                            : failure.kind == Reason::certificate ? ResultType::sts_webpki_invalid
                                                                  : ResultType::sts_policy_invalid;
    return {type, failure.text};
}

}  // namespace

// One call of connect(): what was tried, and the failure that stands if nothing works.
struct SmtpCourier::Attempt {
    queue::Destination destination;
    std::vector<std::string> avoid;
    Connected connected;
    std::optional<mtasts::Policy> sts;  // of the domain
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
    const dns::Self self = parts_.self ? parts_.self() : dns::Self{};
    Hosts found = co_await find_hosts(parts_.resolver, attempt.destination, self, random_u64());
    if (found.failure) {
        attempt.note({}, *std::move(found.failure));
    } else {
        co_await find_policy(attempt);
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

net::Task<void> SmtpCourier::find_policy(Attempt& attempt) {
    const queue::Destination& destination = attempt.destination;
    const bool is_domain =
        destination.kind == queue::Destination::Kind::mx && !destination.host.starts_with('[');
    if (parts_.policies == nullptr || !is_domain || !asks_owner(destination)) co_return;
    const std::string domain = text::to_lower(destination.host);
    sts::Found found = co_await parts_.policies->find(domain);
    attempt.sts = std::move(found.policy);
    if (found.failure && parts_.observe)
        parts_.observe({.policy = {.type = tlsrpt::PolicyType::sts, .domain = domain},
                        .result = told_result(*found.failure)});
}

net::Task<void> SmtpCourier::try_host(Attempt& attempt, const Host& host) {
    Dane dane;
    if (asks_owner(attempt.destination)) dane = co_await find_dane(parts_.resolver, host);
    const HostPolicy policy = policy_of(attempt.destination, host, dane, attempt.sts);
    if (dane.kind == Dane::Kind::unknown || !policy.is_usable) {
        const bool is_unknown = dane.kind == Dane::Kind::unknown;
        const std::string text = is_unknown
                                     ? "the TLSA records of " + host.name + " cannot be found now"
                                     : "the MTA-STS policy of " + attempt.destination.host +
                                           " does not name " + exchanger_name(host);
        attempt.note({.host = host.name},
                     {.kind = Kind::temporary, .status = {4, 7, 5}, .text = text::printable(text)});
        observe(attempt, host, policy,
                is_unknown ? tlsrpt::Result{tlsrpt::ResultType::dnssec_invalid, text}
                           : told_result(policy, TlsOutcome{}),
                {});
        co_return;
    }
    for (const net::Address& address : host.addresses) {
        const net::Endpoint endpoint{address, host.port};
        const bool is_avoided =
            std::ranges::find(attempt.avoid, endpoint.text()) != attempt.avoid.end();
        if (attempt.is_over()) co_return;
        if (!is_avoided) co_await try_endpoint(attempt, host, policy, endpoint);
    }
}

net::Task<void> SmtpCourier::try_endpoint(Attempt& attempt, const Host& host,
                                          const HostPolicy& policy, net::Endpoint endpoint) {
    ++attempt.tried;
    OpeningPlan plan{attempt.destination, host, endpoint, policy.protection,
                     attempt.sts.has_value()};
    const LineInfo where{.host = host.name.empty() ? endpoint.address.literal() : host.name,
                         .address = endpoint.text()};
    Opened opened = co_await open_line(parts_, options_, plan);
    if (opened.tls)
        observe(attempt, host, policy, told_result(policy, *opened.tls),
                {.sending = opened.sending_address, .receiving = endpoint.address.text()});
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

void SmtpCourier::observe(const Attempt& attempt, const Host& host, const HostPolicy& policy,
                          tlsrpt::Result result, Addresses addresses) const {
    const queue::Destination& destination = attempt.destination;
    const bool is_domain =
        destination.kind == queue::Destination::Kind::mx && !destination.host.starts_with('[');
    if (!parts_.observe || !is_domain || !asks_owner(destination)) return;
    parts_.observe({.policy = policy.told,
                    .result = std::move(result),
                    .sending_address = std::move(addresses.sending),
                    .receiving_host = exchanger_name(host),
                    .receiving_address = std::move(addresses.receiving)});
}

}  // namespace pidge::relay
