#include "services/relay/hosts.h"

#include "base/text.h"

namespace pidge::relay {

namespace {

using queue::Destination;
using Kind = queue::RecipientResult::Kind;

queue::RecipientResult temporary(EnhancedStatus status, std::string text) {
    return {.kind = Kind::temporary, .status = status, .text = text::printable(text)};
}

Hosts failed(queue::RecipientResult failure) {
    return {.failure = std::move(failure)};
}

net::Task<Hosts> find_exchangers(dns::Resolver& resolver, const Destination& destination,
                                 const dns::Self& self, std::uint64_t seed) {
    dns::Route route = co_await dns::find_mail_exchangers(resolver, destination.host, self, seed);
    if (route.kind == dns::Route::Kind::temporary)
        co_return failed(temporary(route.refusal.status, route.refusal.text));
    if (route.kind == dns::Route::Kind::none)
        co_return failed({.kind = Kind::permanent,
                          .status = route.refusal.status,
                          .text = text::printable(route.refusal.text)});
    Hosts found;
    for (dns::Exchanger& exchanger : route.exchangers) {
        if (exchanger.addresses.records.empty()) continue;
        Host host{.name = exchanger.host,
                  .addresses = std::move(exchanger.addresses.records),
                  .port = destination.port,
                  .is_secure = route.secure && exchanger.addresses.secure,
                  .domain = exchanger.host.empty() ? "" : destination.host};
        if (!exchanger.addresses.canonical_name.empty()) {
            host.alias_of = host.name;
            host.name = exchanger.addresses.canonical_name;
        }
        found.hosts.push_back(std::move(host));
    }
    if (found.hosts.empty())
        co_return failed(temporary({4, 4, 3}, "The addresses of the mail exchangers of " +
                                                  destination.host + " cannot be found now."));
    co_return found;
}

std::optional<net::Address> address_of(std::string_view host) {
    if (host.starts_with('[') && host.ends_with(']')) {
        host = host.substr(1, host.size() - 2);
        if (text::istarts_with(host, "IPv6:")) host.remove_prefix(5);
    }
    return net::Address::parse(host);
}

// A host that the site has named itself. That it is not in the DNS is a mistake of ours, and no
// reason to give the mail up.
net::Task<Hosts> find_next_hop(dns::Resolver& resolver, const Destination& destination) {
    if (const auto address = address_of(destination.host))
        co_return Hosts{.hosts = {{.addresses = {*address}, .port = destination.port}}};
    const auto answer = co_await resolver.addresses(destination.host);
    if (!answer.is_found()) {
        const std::string why =
            answer.is_temporary() ? answer.text : "it has no address in the DNS";
        co_return failed(temporary(
            {4, 4, 3}, "The next host " + destination.host + " cannot be found: " + why + "."));
    }
    Host host{.name = destination.host,
              .addresses = answer.records,
              .port = destination.port,
              .is_secure = answer.secure};
    if (!answer.canonical_name.empty()) {
        host.alias_of = host.name;
        host.name = answer.canonical_name;
    }
    co_return Hosts{.hosts = {std::move(host)}};
}

}  // namespace

net::Task<Hosts> find_hosts(dns::Resolver& resolver, const Destination& destination,
                            const dns::Self& self, std::uint64_t seed) {
    if (destination.kind == Destination::Kind::mx)
        co_return co_await find_exchangers(resolver, destination, self, seed);
    co_return co_await find_next_hop(resolver, destination);
}

net::Task<Dane> find_dane(dns::Resolver& resolver, const Host& host) {
    if (!host.is_secure || host.name.empty()) co_return Dane{};
    const std::string prefix = "_" + std::to_string(host.port) + "._tcp.";
    // RFC 7672 §2.2.2: first at the end of the alias, then at the alias itself.
    dns::Answer<dns::TlsaRecord> answer = co_await resolver.tlsa(prefix + host.name);
    const bool is_there = answer.is_found() && answer.secure;
    if (!is_there && !answer.is_temporary() && !host.alias_of.empty())
        answer = co_await resolver.tlsa(prefix + host.alias_of);
    // An attacker who could make the look-up fail would else switch DANE off.
    if (answer.is_temporary()) co_return Dane{.kind = Dane::Kind::unknown};
    if (!answer.is_found() || !answer.secure) co_return Dane{};
    Dane dane{.kind = Dane::Kind::encrypted};
    for (const dns::TlsaRecord& record : answer.records) {
        tls::TlsaRecord converted{record.usage, record.selector, record.matching_type, record.data};
        if (!tls::is_usable(converted)) continue;
        dane.kind = Dane::Kind::verified;
        dane.records.push_back(std::move(converted));
    }
    co_return dane;
}

}  // namespace pidge::relay
