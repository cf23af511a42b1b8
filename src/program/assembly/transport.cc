#include "program/assembly/transport.h"

#include <algorithm>

#include "mail/policy/route.h"
#include "program/assembly/events.h"
#include "program/assembly/own_places.h"
#include "services/relay/smtp_courier.h"
#include "services/sts/policies.h"
#include "services/tlsrpt/reporter.h"
#include "system/crypto/secret_file.h"
#include "system/dns/unbound.h"
#include "system/http/fetcher.h"
#include "system/net/own_addresses.h"
#include "system/net/socket_stream.h"
#include "system/net/spawn.h"
#include "system/net/timer.h"

namespace pidge::program {

namespace {

constexpr std::uint16_t standard_port = 25;
constexpr std::chrono::seconds connect_time{30};
// The tick is short so that the end does not wait for it. Counts of TLS sessions are written every
// five seconds, reports looked after every ten minutes, policies every hour.
constexpr std::chrono::milliseconds upkeep_tick{250};
constexpr int tally_ticks = 4 * 5;
constexpr int report_ticks = 4 * 600;
constexpr int refresh_ticks = 4 * 3600;

// One of our addresses for each destination, the same every time: a reputation is built by
// address, and greylisting remembers it.
std::optional<net::Address> source_for(const net::Address& to,
                                       const std::vector<net::Address>& sources) {
    std::optional<net::Address> best;
    std::size_t best_weight = 0;
    for (const net::Address& source : sources) {
        if (source.is_v6() != to.is_v6()) continue;
        const std::size_t weight = std::hash<std::string>()(source.text() + ' ' + to.text());
        if (best && weight <= best_weight) continue;
        best = source;
        best_weight = weight;
    }
    return best;
}

// Mail exchangers listen on port 25; a test site's on another.
std::function<net::Task<std::unique_ptr<net::Stream>>(net::Endpoint)> dialer(
    const config::Config& config) {
    const auto mx_port = static_cast<std::uint16_t>(config.relay.port);
    return [mx_port, sources = config.relay.sources,
            patience = std::min(connect_time, config.relay.wait_max)](net::Endpoint to) {
        if (to.port == standard_port) to.port = mx_port;
        return net::connect_tcp(to, source_for(to.address, sources), patience);
    };
}

// "example.org@127.0.0.1:5353", checked when the configuration was read.
std::vector<dns::StubZone> stub_zones(const config::Config& config) {
    std::vector<dns::StubZone> zones;
    for (const std::string& stub : config.dns.stubs) {
        const std::size_t at = stub.rfind('@');
        zones.push_back({stub.substr(0, at), {*net::Endpoint::parse(stub.substr(at + 1))}});
    }
    return zones;
}

// No validation of what is stubbed, unless the anchors reach it.
dns::UnboundOptions dns_options(const config::Config& config) {
    dns::UnboundOptions options{
        .forward_to = config.dns.resolvers,
        .stub_zones = stub_zones(config),
        .validation = config.dns.validate ? dns::Validation::on : dns::Validation::off};
    for (const dns::StubZone& stub : options.stub_zones)
        options.insecure_zones.push_back(stub.name);
    if (!config.dns.anchors.empty()) {
        options.trust_anchors.clear();
        options.trust_anchor_file = config.dns.anchors;
    }
    return options;
}

}  // namespace

Transport::Transport(TransportParts parts)
    : parts_(std::move(parts)), tally_(parts_.store, parts_.clock) {}

Transport::~Transport() = default;

relay::Courier& Transport::courier() {
    return *courier_;
}

Result<std::unique_ptr<Transport>> Transport::create(const config::Config& config,
                                                     TransportParts parts) {
    std::unique_ptr<Transport> transport(new Transport(parts));
    TRY(transport->build(config));
    return transport;
}

Result<void> Transport::build(const config::Config& config) {
    resolver_ = TRY(dns::make_unbound_resolver(dns_options(config)));
    fetcher_ = std::make_unique<http::Fetcher>(
        http::Fetcher::Options{.authorities_path = config.relay.authorities});
    policies_ = std::make_unique<sts::Policies>(sts::Policies::Parts{
        .store = parts_.store,
        .clock = parts_.clock,
        .resolver = *resolver_,
        .fetch = [this](http::FetchRequest request) { return fetcher_->fetch(std::move(request)); },
        .port = static_cast<std::uint16_t>(config.relay.policy_port)});
    courier_ = std::make_unique<relay::SmtpCourier>(
        relay::SmtpCourierParts{
            .resolver = *resolver_,
            .tls = TRY(relay::TlsContexts::create(config.relay.authorities)),
            .dial = dialer(config),
            .policies = policies_.get(),
            .observe = [this](tlsrpt::Session session) { tally_.note(session); },
            .password =
                [this](queue::Destination destination) {
                    return password_of(*this, std::move(destination));
                },
            .self =
                [this, hostname = config.site.hostname,
                 port = static_cast<std::uint16_t>(config.relay.port)] {
                    return own_places(hostname, parts_.listening(), port, net::own_addresses());
                },
        },
        relay::SmtpCourierOptions{.own_name = config.site.hostname,
                                  .wait_max = config.relay.wait_max});
    build_reporter();
    return {};
}

void Transport::build_reporter() {
    reporter_ = std::make_unique<tlsrpt::Reporter>(tlsrpt::Reporter::Parts{
        .store = parts_.store,
        .clock = parts_.clock,
        .trail = parts_.trail,
        .resolver = *resolver_,
        .post = [this](http::FetchRequest request) { return fetcher_->fetch(std::move(request)); },
        .route =
            [this](const address::Mailbox& to) {
                return std::optional(policy::destination_for(*parts_.directory.site(), to));
            },
        .wake = parts_.wake,
        .contact = [this]() -> std::optional<address::Mailbox> {
            const auto site = parts_.directory.site();
            if (site->main_domain() == nullptr) return std::nullopt;
            return address::Mailbox{.local_part = "postmaster",
                                    .domain = site->main_domain()->name};
        }});
}

void Transport::start(net::Runtime& runtime) {
    net::spawn_lasting(runtime.loop(0), "transport", [this] { return upkeep(*this); });
}

void Transport::stop() {
    is_stopping_ = true;
    fetcher_->stop();
}

net::Task<void> Transport::upkeep(Transport& self) {
    for (int tick = 1; !self.is_stopping_; ++tick) {
        co_await net::sleep_for(upkeep_tick);
        try {
            co_await self.upkeep_once(tick);
        } catch (const store::Fault& fault) {
            log::write(transport_neglected, {{"reason", fault.what()}});
        }
    }
}

net::Task<void> Transport::upkeep_once(int tick) {
    if (tick % tally_ticks == 0) co_await tally_.flush();
    if (tick % report_ticks == 0 && parts_.leads()) co_await reporter_->work();
    if (tick % refresh_ticks == 0) co_await policies_->refresh();
}

// The route as it is now, not as it was when the message came: a mistake in it can be mended.
net::Task<Result<crypto::Secret>> Transport::password_of(Transport& self,
                                                         queue::Destination destination) {
    const auto site = self.parts_.directory.site();
    const auto is_meant = [&](const directory::Route& route) {
        return route.host == destination.host && route.port == destination.port &&
               route.user == destination.user;
    };
    const auto route = std::ranges::find_if(site->routes(), is_meant);
    if (route == site->routes().end())
        co_return Refusal{.kind = Refusal::Kind::not_found,
                          .text = "No route names that host with this user any more."};
    co_return co_await self.parts_.pool.run(
        [&] { return crypto::read_secret_file(route->password_file); });
}

}  // namespace pidge::program
