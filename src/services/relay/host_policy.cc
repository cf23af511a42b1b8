#include "services/relay/host_policy.h"

#include "base/text.h"

namespace pidge::relay {

using queue::Destination;

namespace {

// RFC 8460 §4.5: as a zone file has it.
std::string text_of(const tls::TlsaRecord& record) {
    return std::to_string(record.usage) + " " + std::to_string(record.selector) + " " +
           std::to_string(record.matching_type) + " " + text::to_upper(text::hex(record.data));
}

}  // namespace

bool asks_owner(const Destination& destination) {
    return destination.tls != Destination::Tls::verified &&
           destination.tls != Destination::Tls::any && destination.user.empty();
}

Protection protection_of(const Destination& destination, const Dane& dane) {
    if (destination.tls == Destination::Tls::verified || !destination.user.empty())
        return {Protection::Kind::verified, {}};
    if (dane.kind == Dane::Kind::verified) return {Protection::Kind::dane, dane.records};
    if (dane.kind == Dane::Kind::encrypted || destination.tls == Destination::Tls::required)
        return {Protection::Kind::encrypted, {}};
    return {Protection::Kind::opportunistic, {}};
}

const std::string& exchanger_name(const Host& host) {
    return host.alias_of.empty() ? host.name : host.alias_of;
}

HostPolicy policy_of(const Destination& destination, const Host& host, const Dane& dane,
                     const std::optional<mtasts::Policy>& sts) {
    HostPolicy policy{.protection = protection_of(destination, dane)};
    policy.told.domain = text::to_lower(destination.host);
    if (dane.kind != Dane::Kind::none) {
        policy.told.type = tlsrpt::PolicyType::tlsa;
        for (const tls::TlsaRecord& record : dane.records)
            policy.told.strings.push_back(text_of(record));
    }
    // Records that nobody can use prove no name; what else is asked for holds beside them.
    const bool is_proven = dane.kind == Dane::Kind::verified || dane.kind == Dane::Kind::unknown;
    if (!sts || is_proven) return policy;
    policy.told = {.type = tlsrpt::PolicyType::sts,
                   .domain = policy.told.domain,
                   .strings = mtasts::policy_lines(*sts),
                   .hosts = sts->patterns};
    policy.is_foreign = !mtasts::has_match(*sts, exchanger_name(host));
    if (sts->mode == mtasts::Mode::enforce) {
        policy.is_usable = !policy.is_foreign;
        policy.protection = {Protection::Kind::verified, {}};
    }
    return policy;
}

tlsrpt::Result told_result(const HostPolicy& policy, const TlsOutcome& outcome) {
    using tlsrpt::ResultType;
    using Kind = TlsOutcome::Kind;
    if (policy.is_foreign)
        return {ResultType::validation_failure, "the policy does not name this host"};
    switch (outcome.kind) {
        case Kind::absent:
            return {ResultType::starttls_not_supported, outcome.text};
        case Kind::failed:
            return tlsrpt::certificate_result(outcome.text);
        case Kind::verified:
            return {};
        case Kind::unverified:
            break;
    }
    // With nothing to hold a certificate against, any will do.
    if (policy.told.type == tlsrpt::PolicyType::none) return {};
    if (policy.told.type == tlsrpt::PolicyType::tlsa)
        return {ResultType::tlsa_invalid, "none of the TLSA records can be used"};
    return tlsrpt::certificate_result(outcome.text);
}

}  // namespace pidge::relay
