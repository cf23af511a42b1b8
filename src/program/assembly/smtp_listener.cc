#include "program/assembly/smtp_listener.h"

#include <algorithm>

#include "program/assembly/descriptors.h"
#include "system/net/proxy_header.h"
#include "system/tls/handshake.h"

namespace pidge::program {

namespace {

constexpr std::chrono::seconds handshake_time{30};
// attacks.md F14: where places are few, a handshake is given no more time than a command.
constexpr std::chrono::seconds handshake_time_crowded{10};
constexpr std::chrono::seconds proxy_time{10};

smtp::Service service_of(config::Service service) {
    switch (service) {
        case config::Service::submission:
            return smtp::Service::submission;
        case config::Service::submissions:
            return smtp::Service::submissions;
        case config::Service::mx:
        case config::Service::http:
            break;
    }
    return smtp::Service::mx;
}

std::chrono::milliseconds time_for_handshake(const net::Admission& admission) {
    return admission.is_crowded() ? handshake_time_crowded : handshake_time;
}

net::Admission::Limits limits_of(const config::Config& config, const config::Listener& listener,
                                 std::uint64_t descriptors) {
    return {.total = connections_of(config, listener, descriptors),
            .per_host = config.limits.connections_per_client,
            // attacks.md F14: 20 a host, 100 a network; the one follows the other.
            .per_network = 5 * config.limits.connections_per_client,
            .exempt = listener.balancers};
}

}  // namespace

SmtpListener::SmtpListener(Parts parts, const config::Config& config,
                           const config::Listener& listener, net::ListenSocket socket,
                           std::shared_ptr<tls::ServerContext> tls)
    : parts_(parts),
      name_(listener.name),
      service_(listener.service),
      tls_(std::move(tls)),
      admission_(net::Admission::create(limits_of(config, listener, parts_.descriptors))),
      settings_(make_settings(config, listener)) {
    listener_ = std::make_unique<net::Listener>(
        std::move(socket), parts_.runtime.loops(),
        net::Listener::Options{.name = name_,
                               .admission = admission_,
                               .busy_reply = "421 4.7.0 " + config.site.hostname +
                                             " Too many connections; try again later.\r\n"},
        [this](std::unique_ptr<net::Stream> stream) {
            return handle(settings(), tls_, parts_.backend, std::move(stream));
        });
}

void SmtpListener::reload(const config::Config& config, const config::Listener& listener) {
    if (!is_turned_away_) admission_->set_limits(limits_of(config, listener, parts_.descriptors));
    auto settings = make_settings(config, listener);
    const std::lock_guard lock(mutex_);
    settings_ = std::move(settings);
}

void SmtpListener::set_turned_away(bool is_turned_away, const config::Config& config,
                                   const config::Listener& listener) {
    is_turned_away_ = is_turned_away;
    net::Admission::Limits limits = limits_of(config, listener, parts_.descriptors);
    if (is_turned_away) limits.total = 0;
    admission_->set_limits(std::move(limits));
}

std::shared_ptr<const SmtpListener::Settings> SmtpListener::settings() const {
    const std::lock_guard lock(mutex_);
    return settings_;
}

std::shared_ptr<const SmtpListener::Settings> SmtpListener::make_settings(
    const config::Config& config, const config::Listener& listener) {
    auto settings = std::make_shared<Settings>();
    settings->balancers = listener.balancers;
    settings->admission = admission_;
    settings->is_tls_first = listener.service == config::Service::submissions;
    smtp::ServerOptions options{
        .service = service_of(listener.service),
        .authentication = smtp::authentication_of(service_of(listener.service)),
        .listener = listener.name,
        .host_name = config.site.hostname,
        .message_octets = config.limits.message_bytes,
        .recipients_max = config.limits.recipients,
        .is_crowded = [admission = admission_] { return admission->is_crowded(); },
    };
    if (tls_ && !settings->is_tls_first)
        options.start_tls = [tls = tls_,
                             admission = admission_](std::unique_ptr<net::Stream> stream) {
            return tls::accept(std::move(stream), *tls, time_for_handshake(*admission));
        };
    for (auto& [loop, drain] : parts_.drains) {
        options.drain = drain.get();
        settings->options[loop] = options;
    }
    return settings;
}

// Owns all it uses: it may outlive the listener by as long as its session takes.
net::Task<void> SmtpListener::handle(std::shared_ptr<const Settings> settings,
                                     std::shared_ptr<tls::ServerContext> tls,
                                     smtp::Backend& backend, std::unique_ptr<net::Stream> stream) {
    const net::Address client = stream->remote().address;
    const bool is_balancer = std::ranges::any_of(
        settings->balancers, [&](const net::Network& network) { return network.contains(client); });
    // [R02] Only from a balancer that we know, and then always.
    std::optional<net::Admission::Slot> slot;  // the client's own place, besides the balancer's
    if (is_balancer) {
        stream->set_deadline(proxy_time);
        const auto header = co_await net::read_proxy_header(*stream);
        if (!header) co_return;
        if (header->has_client) {
            auto admitted = settings->admission->admit(header->client.address);
            if (!admitted) co_return;
            slot.emplace(*std::move(admitted));
            stream = net::with_endpoints(std::move(stream), header->server, header->client);
        }
    }
    if (settings->is_tls_first) {
        const tls::ServerContext& context = *tls;
        const auto time = time_for_handshake(*settings->admission);
        stream = co_await tls::accept(std::move(stream), context, time);
    }
    const smtp::ServerOptions& options = settings->options.at(&net::this_loop());
    co_await smtp::serve(std::move(stream), backend, options);
}

}  // namespace pidge::program
