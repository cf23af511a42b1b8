#include "program/assembly/assembly.h"

#include <fmt/format.h>

#include <algorithm>

#include "mail/policy/route.h"
#include "program/assembly/clock_watch.h"
#include "program/assembly/descriptors.h"
#include "program/assembly/events.h"
#include "program/assembly/open_store.h"
#include "program/assembly/server_tls.h"
#include "program/config/compare.h"
#include "services/relay/limits.h"
#include "system/net/spawn.h"
#include "system/net/timer.h"
#include "system/store/archive/transfer.h"
#include "system/store/hurry.h"

namespace pidge::program {

namespace {

// Two hashes at a time keep logins moving without starving the loops; each takes 64 MB for its
// while.
const net::Pool::Options hash_pool{.name = "hash", .threads = 2, .queue_max = 200};
// A heartbeat every ten seconds (docs/audit.md); the tick is short so that the end does not wait
// for it.
constexpr std::chrono::milliseconds upkeep_tick{250};
constexpr int heartbeat_ticks = 40;
// How often slow clients of a crowded listener are looked for.
constexpr int hurry_ticks = 4;

}  // namespace

Assembly::Assembly(const config::Config& config, const Clock& clock,
                   std::unique_ptr<store::Store> store)
    : config_(config),
      shown_config_(std::make_shared<const config::Config>(config)),
      clock_(clock),
      pool_(hash_pool),
      store_(std::move(store)),
      directory_(*store_, clock, config.site.hostname),
      trail_(*store_, clock, audit_log_name(config)),
      runtime_(config.limits.threads),
      descriptors_(raise_descriptors()) {
    for (net::Loop* loop : runtime_.loops()) drains_[loop] = std::make_unique<smtp::Drain>();
}

Assembly::~Assembly() {
    drain();
}

Result<std::unique_ptr<Assembly>> Assembly::create(const config::Config& config,
                                                   const Clock& clock) {
    std::unique_ptr<store::Store> store = TRY(open_store(config, clock));
    if (const auto unfinished = net::run(store::unfinished_import(*store)))
        return Refusal{.kind = Refusal::Kind::conflict, .text = *unfinished};
    std::unique_ptr<Assembly> assembly(new Assembly(config, clock, std::move(store)));
    TRY(assembly->build());
    return assembly;
}

Result<void> Assembly::build() {
    store_->on_hint([this](const Bytes& subject) {
        // An empty one: hints of other nodes may have been lost.
        if (subject.empty() || subject == directory::site_subject)
            net::spawn(runtime_.loop(0), "site", reload_directory());
        if (subject.empty() || subject == directory::address_subject) directory_.forget_addresses();
        if ((subject.empty() || subject == nodes::nodes_subject) && is_node_known_)
            node_->membership().look();
    });
    // Before anything is read: what is stored may be too new for this program.
    node_ = TRY(NodeKeeper::join(config_, *store_, clock_));
    is_node_known_ = true;
    net::run(directory_.reload());
    authenticator_ = std::make_unique<submission::Authenticator>(directory_, pool_, clock_);
    net::run(authenticator_->load(*store_));
    TRY(build_tls());
    TRY(build_relay());
    gateway_ = std::make_unique<submission::Gateway>(
        submission::GatewayParts{*store_, directory_, trail_, *authenticator_, clock_,
                                 [this](queue::Entry entry) {
                                     if (const auto relay = relay_.load())
                                         relay->offer(std::move(entry));
                                 },
                                 &transport_->resolver()},
        gateway_options(config_));
    TRY(record_start());
    if (config_.node.has_role("relay")) start_relay();
    transport_->start(runtime_);
    node_->start(runtime_.loop(0));
    patroni_ = std::make_unique<PatroniWatch>(patroni_places(config_));
    net::spawn_lasting(runtime_.loop(0), "upkeep", [this] { return upkeep(*this); });
    return {};
}

Result<void> Assembly::record_start() {
    cbor::Map fields{{"node", config_.site.node}, {"hostname", config_.site.hostname}};
    if (const std::string loss = store_->loss(); !loss.empty()) fields["lost"] = loss;
    store::Change started;
    trail_.append(started, trail_.entry(audit::Type::start, "program", std::move(fields)));
    try {
        if (net::run(store_->commit(std::move(started)))) return {};
    } catch (const store::Fault& fault) {
        if (fault.why != store::Fault::Why::damaged) throw;
        return Refusal{
            .kind = Refusal::Kind::conflict,
            .text = fmt::format(
                "The audit trail takes no entry: {}. Keep a copy of the store as evidence and see "
                "what \"pidge audit verify\" says. To go on, give this node another site.node: it "
                "then begins a log of its own, and this one stays as it is.",
                fault.what())};
    }
    return Refusal{.kind = Refusal::Kind::conflict, .text = "The start could not be recorded."};
}

// A service that was started in the night after its certificate expired is better than none; a
// reload keeps the one that was in force.
Result<void> Assembly::build_tls() {
    std::set<std::string> told;
    for (const config::Listener& listener : config_.listeners) {
        if (!listener.is_smtp() || config_.certificates.empty() || tls_.contains(listener.service))
            continue;
        tls::ServerOptions options = tls_options(config_, listener.service);
        options.expired = tls::ServerOptions::Expired::served;
        auto& context = tls_[listener.service];
        context = TRY(tls::ServerContext::create(std::move(options), clock_.now()));
        for (const tls::CertificateStatus& each : context->certificates())
            if (each.expires <= clock_.now() && told.insert(each.chain_path).second)
                log::write(certificate_expired,
                           {{"file", each.chain_path}, {"subject", each.subject}});
    }
    return {};
}

Result<void> Assembly::build_relay() {
    transport_ =
        TRY(Transport::create(config_, {.store = *store_,
                                        .directory = directory_,
                                        .clock = clock_,
                                        .pool = pool_,
                                        .trail = trail_,
                                        .wake =
                                            [this](store::DueGroup group, WallTime due) {
                                                if (const auto relay = relay_.load())
                                                    relay->wake(group, due);
                                            },
                                        .leads = [this] { return leads(); },
                                        .listening = [this] { return mail_endpoints(); }}));
    return {};
}

std::vector<net::Endpoint> Assembly::mail_endpoints() const {
    const std::lock_guard lock(listeners_mutex_);
    std::vector<net::Endpoint> endpoints;
    for (const auto& listener : listeners_)
        if (listener->service() == config::Service::mx) endpoints.push_back(listener->endpoint());
    return endpoints;
}

void Assembly::start_relay() {
    std::optional<address::Mailbox> postmaster;
    if (const auto site = directory_.site(); site->main_domain() != nullptr)
        postmaster =
            address::Mailbox{.local_part = "postmaster", .domain = site->main_domain()->name};
    relay::RelayOptions options{.own_name = config_.site.hostname,
                                .postmaster = std::move(postmaster)};
    if (config_.store.engine == config::Store::Engine::postgres)
        options.sweep_interval = relay::limits::shared_sweep_interval;
    options.retry.life = config_.relay.age_max;
    options.retry.warn_after = config_.relay.warn_after;
    options.destinations.workers_max = config_.relay.connections;
    options.destinations.workers_per_destination_max = config_.relay.connections_per_destination;
    const auto relay = std::make_shared<relay::Relay>(
        relay::RelayParts{
            .store = *store_,
            .clock = clock_,
            .trail = trail_,
            .courier = transport_->courier(),
            .loops = runtime_.loops(),
            .route =
                [this](const address::Mailbox& to) {
                    return std::optional(policy::destination_for(*directory_.site(), to));
                },
            .destination_of =
                [this](const address::Mailbox& to) {
                    return policy::destination_for(*directory_.site(), to);
                },
            .is_ours =
                [this](const std::string& domain) {
                    return directory_.site()->find_domain(domain) != nullptr;
                },
        },
        std::move(options));
    relay->start();
    relay_ = relay;
}

submission::GatewayOptions Assembly::gateway_options(const config::Config& config) const {
    return {.hostname = config.site.hostname,
            .node = config.site.node,
            .message_bytes_max = config.limits.message_bytes,
            .recipients_max = config.limits.recipients,
            .reserve_bytes = config.store.reserve_bytes,
            .limits_rates = config.limits.sending_rates};
}

Result<net::ListenSocket> Assembly::open_socket(const config::Listener& listener,
                                                std::vector<net::InheritedSocket>& inherited) {
    if (listener.systemd.empty()) return net::ListenSocket::tcp(*listener.address);
    const auto passed = std::ranges::find(inherited, listener.systemd, &net::InheritedSocket::name);
    if (passed == inherited.end())
        return Refusal{.kind = Refusal::Kind::not_found,
                       .text = "systemd passed no socket named \"" + listener.systemd +
                               "\" for listener \"" + listener.name +
                               "\". Set FileDescriptorName=" + listener.systemd +
                               " in the socket unit, or give the listener an address."};
    net::OwnedFd fd = std::move(passed->fd);
    inherited.erase(passed);
    return net::ListenSocket::inherited(std::move(fd), listener.name);
}

Result<void> Assembly::open_listeners(std::vector<net::InheritedSocket> inherited) {
    std::vector<std::pair<const config::Listener*, net::ListenSocket>> sockets;
    for (const config::Listener& listener : config_.listeners) {
        if (!listener.is_smtp()) continue;
        if (!config_.node.has_role(listener.role())) {
            log::write(listener_left_out, {{"listener", listener.name}, {"role", listener.role()}});
            continue;
        }
        auto socket = open_socket(listener, inherited);
        if (!socket) return socket.error();
        sockets.emplace_back(&listener, *std::move(socket));
    }
    for (auto& [listener, socket] : sockets) add_listener(*listener, std::move(socket));
    // Drained it was, and drained it stays when it is started again.
    if (node_->membership().wish() == nodes::Wish::drain) {
        phase_ = Phase::leaving;
        leaving_until_ = clock_.steady();
        tend();
    }
    return {};
}

void Assembly::add_listener(const config::Listener& listener, net::ListenSocket socket) {
    const auto tls = tls_.find(listener.service);
    {
        const std::lock_guard lock(listeners_mutex_);
        listeners_.push_back(std::make_unique<SmtpListener>(
            SmtpListener::Parts{runtime_, *gateway_, drains_, descriptors_}, config_, listener,
            std::move(socket), tls == tls_.end() ? nullptr : tls->second));
    }
    log::write(listening,
               {{"listener", listener.name}, {"address", listeners_.back()->endpoint().text()}});
    const std::uint64_t places = connections_of(config_, listener, descriptors_);
    if (places < listener.connections)
        log::write(few_descriptors, {{"listener", listener.name},
                                     {"configured", listener.connections},
                                     {"connections", places},
                                     {"descriptors", descriptors_}});
}

Result<void> Assembly::reload(const config::Config& wanted) {
    const config::Config config = config::reloadable(config_, wanted);
    // First what can be refused, kept aside; then what cannot.
    std::map<config::Service, std::shared_ptr<tls::ServerContext>> fresh;
    for (const auto& [service, context] : tls_)
        fresh[service] = TRY(make_server_tls(config, service, clock_.now()));
    for (const auto& [service, context] : fresh) tls_[service]->adopt(*context);
    config_ = config;
    shown_config_ = std::make_shared<const config::Config>(config);
    log::configure({.least = config_.log.level, .form = config_.log.form});
    gateway_->set_options(gateway_options(config_));
    for (const auto& listener : listeners_)
        for (const config::Listener& now : config_.listeners)
            if (now.name == listener->name()) listener->reload(config_, now);
    store::Change change;
    trail_.append(change,
                  trail_.entry(audit::Type::config_change, "program", {{"file", config_.file}}));
    store_->commit_soon(std::move(change));
    return {};
}

net::Task<void> Assembly::upkeep(Assembly& self) {
    ClockWatch clock(self.clock_);
    // Neither changes at a reload.
    const std::string node = self.config()->site.node;
    const bool is_shared_by_nodes = is_shared(*self.config());
    for (int tick = 0; !self.is_draining_; ++tick) {
        if (const auto step = clock.step(); step != std::chrono::milliseconds(0)) {
            log::write(clock_stepped, {{"milliseconds", step.count()}});
            self.trail_.note(
                self.trail_.entry(audit::Type::clock_step, "program",
                                  {{"node", node}, {"milliseconds", std::int64_t{step.count()}}}));
        }
        if (tick % hurry_ticks == 0) self.hurry_where_crowded();
        if (tick % heartbeat_ticks == 0) {
            self.trail_.flush_folded();
            const auto relay = self.relay();
            const std::uint64_t queued = relay ? relay->status().queued : 0;
            self.trail_.note(self.trail_.entry(audit::Type::heartbeat, "program",
                                               {{"node", node}, {"queued", queued}}));
            // Hints between nodes may be lost: what they tell of is looked at again.
            if (is_shared_by_nodes) co_await self.reload_directory();
        }
        co_await net::sleep_for(upkeep_tick);
    }
}

// Faults of the store are told by whoever meets them next.
net::Task<void> Assembly::reload_directory() {
    try {
        co_await directory_.reload();
    } catch (const store::Fault&) {
        co_return;
    }
}

void Assembly::hurry_where_crowded() {
    const std::lock_guard lock(listeners_mutex_);
    if (std::ranges::none_of(listeners_, [](const auto& each) { return each->is_crowded(); }))
        return;
    for (auto& [loop, drain] : drains_) loop->post([each = drain.get()] { each->hurry(); });
}

void Assembly::drain() {
    if (is_draining_.exchange(true)) return;
    if (!gateway_) {
        end_runtime();
        if (node_) node_->leave();
        return;
    }
    log::write(draining, {});
    node_->membership().set_state(nodes::State::draining);
    for (const auto& listener : listeners_) listener->stop();
    for (auto& [loop, drain] : drains_) loop->post([each = drain.get()] { each->start(); });
    transport_->stop();
    const auto patience = std::chrono::milliseconds(config_.limits.drain);
    if (const auto relay = relay_.load()) net::spawn(runtime_.loop(0), "drain", relay->drain());
    node_->end();
    runtime_.wait_for_end(patience);
    const std::size_t interrupted = end_runtime();
    trail_.flush_folded();
    store::Change stopped;
    trail_.append(stopped,
                  trail_.entry(audit::Type::stop, "program",
                               {{"node", config_.site.node}, {"interrupted", interrupted}}));
    try {
        net::run(transport_->finish());
        if (!net::run(store_->commit(std::move(stopped)))) log::write(stop_unrecorded, {});
    } catch (const store::Fault& fault) {
        log::write(stop_unrecorded, {{"reason", fault.what()}});
    }
    node_->leave();
    log::write(drained, {{"interrupted", interrupted}});
}

// From then on nothing runs on the loops.
std::size_t Assembly::end_runtime() {
    store_->on_hint({});
    // A wait for the store cannot be interrupted. Where the database does not answer it has to fail
    // while there is time to unwind.
    store::hurry(*store_);
    const std::size_t interrupted = runtime_.stop(std::chrono::milliseconds(0));
    // What else would not end may have taken the time that the last words need.
    if (store_->health().state != store::Health::State::away) store::hurry(*store_);
    return interrupted;
}

std::vector<tls::CertificateStatus> Assembly::certificates() const {
    return tls_.empty() ? std::vector<tls::CertificateStatus>{}
                        : tls_.begin()->second->certificates();
}

}  // namespace pidge::program
