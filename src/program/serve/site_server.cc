#include "program/serve/site_server.h"

#include <pwd.h>
#include <unistd.h>

#include <array>

#include <fmt/format.h>

#include "formats/json/text.h"
#include "mail/policy/route.h"
#include "mail/queue/plan.h"
#include "program/config/option.h"
#include "services/admin/encode.h"
#include "services/relay/report.h"
#include "system/http/server.h"
#include "system/metrics/exposition.h"
#include "system/net/socket_stream.h"

namespace pidge::program {
namespace {

constexpr std::size_t passwd_octets_max = 16 * 1024;

admin::Caller caller_of(const net::Stream& stream) {
    admin::Caller caller{.way = admin::Caller::Way::socket};
    const auto* socket = dynamic_cast<const net::SocketStream*>(&stream);
    const auto peer = socket == nullptr ? std::nullopt : socket->peer_process();
    if (!peer) return caller;
    caller.uid = peer->uid;
    std::array<char, passwd_octets_max> buffer{};
    passwd entry{};
    passwd* found = nullptr;
    if (::getpwuid_r(peer->uid, &entry, buffer.data(), buffer.size(), &found) == 0 &&
        found != nullptr)
        caller.name = found->pw_name;
    return caller;
}

admin::Parts parts_of(Assembly& assembly) {
    return {.store = assembly.store(),
            .directory = assembly.directory(),
            .trail = assembly.trail(),
            .clock = system_clock(),
            .pool = assembly.pool()};
}

http::Limits control_limits() {
    http::Limits limits;
    limits.header_octets_max = 8 * 1024;
    limits.body_octets_max = 1U << 20;
    // One request a connection: nothing that idles holds up the end of the program.
    limits.requests_max = 1;
    return limits;
}

net::Task<http::ServerResponse> now(http::Response response) {
    co_return response;
}

}  // namespace

SiteServer::SiteServer(Assembly& assembly)
    : assembly_(assembly),
      api_([&] {
          admin::Parts parts = parts_of(assembly);
          parts.plan_report = [this](queue::Entry entry, store::Change& change) {
              return plan_report(std::move(entry), change);
          };
          parts.wake = [this](store::DueGroup group, WallTime due) {
              if (const auto relay = assembly_.relay()) relay->retry(group, due);
          };
          parts.status = [this] { return status(); };
          return parts;
      }()),
      probes_(probes()),
      started_(system_clock().steady()),
      started_wall_(system_clock().now()) {}

Result<void> SiteServer::open(std::vector<net::InheritedSocket>& inherited) {
    const auto in_force = assembly_.config();
    const config::Config& config = *in_force;
    auto control_socket = net::ListenSocket::unix_path(config.control.socket,
                                                       static_cast<unsigned>(config.control.mode));
    if (!control_socket) return control_socket.error();
    std::vector<std::pair<std::string, net::ListenSocket>> sockets;
    for (const config::Listener& listener : config.listeners) {
        if (listener.is_smtp()) continue;
        const auto passed =
            std::ranges::find(inherited, listener.systemd, &net::InheritedSocket::name);
        const bool is_passed = !listener.systemd.empty() && passed != inherited.end();
        if (!is_passed && !listener.address)
            return Refusal{.kind = Refusal::Kind::not_found,
                           .text = fmt::format("systemd passed no socket named \"{}\" for "
                                               "listener \"{}\".",
                                               listener.systemd, listener.name)};
        auto socket = is_passed ? net::ListenSocket::inherited(std::move(passed->fd), listener.name)
                                : net::ListenSocket::tcp(*listener.address);
        if (is_passed) inherited.erase(passed);
        if (!socket) return socket.error();
        sockets.emplace_back(listener.name, *std::move(socket));
    }
    const auto loops = assembly_.runtime().loops();
    control_socket_ = config.control.socket;
    const auto serve_control = [this](std::unique_ptr<net::Stream> stream) {
        return control(*this, std::move(stream));
    };
    listeners_.push_back(std::make_unique<net::Listener>(*std::move(control_socket), loops,
                                                         net::Listener::Options{.name = "control"},
                                                         serve_control));
    const auto serve_probes = [this](std::unique_ptr<net::Stream> stream) {
        return http::serve(std::move(stream), probes_, control_limits());
    };
    for (auto& [name, socket] : sockets)
        listeners_.push_back(std::make_unique<net::Listener>(
            std::move(socket), loops, net::Listener::Options{.name = name}, serve_probes));
    return {};
}

void SiteServer::stop() {
    is_ready_ = false;
    for (const auto& listener : listeners_) listener->stop();
    if (!control_socket_.empty()) ::unlink(control_socket_.c_str());
}

std::uint16_t SiteServer::Readiness::status() const {
    if (state == State::yes) return 200;
    return state == State::leaving ? 404 : 503;
}

SiteServer::Readiness SiteServer::readiness() const {
    if (!is_ready_ && !assembly_.is_draining()) return {.text = "starting"};
    using State = Readiness::State;
    if (std::string why = assembly_.why_not_ready(); !why.empty())
        return {assembly_.is_leaving() ? State::leaving : State::no, std::move(why)};
    const store::Health health = assembly_.store().health();
    if (health.state == store::Health::State::failed) return {.text = "store failed"};
    if (health.state == store::Health::State::away) return {.text = "store away"};
    if (health.state == store::Health::State::low_space)
        return {.text = "disk low: mail is put off"};
    return {State::yes, "ready"};
}

http::Router SiteServer::probes() {
    http::Router router;
    // Healthy: this process can still do its work; when not, it is to be restarted.
    router.on("GET", "/healthz", [this](http::ServerRequest) {
        const bool is_failed = assembly_.store().health().state == store::Health::State::failed;
        return now(http::text_response(is_failed ? 503 : 200, is_failed ? "store failed" : "ok"));
    });
    // Ready: new connections are welcome here.
    router.on("GET", "/readyz", [this](http::ServerRequest) {
        const Readiness ready = readiness();
        return now(http::text_response(ready.status(), ready.text));
    });
    router.on("GET", "/metrics", [](http::ServerRequest) {
        http::Response response = http::text_response(200, "");
        response.fields.set("Content-Type", metrics::exposition_type);
        response.body = metrics::exposition();
        return now(std::move(response));
    });
    return router;
}

net::Task<void> SiteServer::control(SiteServer& self, std::unique_ptr<net::Stream> stream) {
    const admin::Caller caller = caller_of(*stream);
    http::Router router;
    router.on("POST", "/jmap", [&self, caller](http::ServerRequest request) {
        return self.answer_call(std::move(request.body), caller);
    });
    const http::Handler session = [&self, caller](http::ServerRequest) {
        return now(http::json_response(200, self.api_.session(caller)));
    };
    router.on("GET", "/session", session);
    router.on("GET", "/.well-known/jmap", session);  // RFC 8620 §2.2
    co_await http::serve(std::move(stream), std::move(router), control_limits());
}

net::Task<http::ServerResponse> SiteServer::answer_call(std::string body, admin::Caller caller) {
    const admin::Api::Answer answer = co_await api_.call(std::move(body), std::move(caller));
    http::Response response = http::json_response(answer.is_request_error ? 400 : 200, answer.body);
    if (answer.is_request_error) response.fields.set("Content-Type", "application/problem+json");
    co_return response;
}

json::Object SiteServer::status() const {
    const auto in_force = assembly_.config();
    const config::Config& config = *in_force;
    const auto uptime = system_clock().steady() - started_;
    json::Array listeners, certificates;
    for (const config::Listener& listener : config.listeners)
        if (config.node.has_role(listener.role()))
            listeners.push_back(json::Object{
                {"name", listener.name},
                {"service", config::find_option("listener", "service")
                                ->choices[static_cast<std::size_t>(listener.service)]},
                {"address", listener.address ? listener.address->text() : listener.systemd}});
    for (const tls::CertificateStatus& certificate : assembly_.certificates())
        certificates.push_back(json::Object{{"subject", certificate.subject},
                                            {"names", admin::texts(certificate.names)},
                                            {"expires", admin::utc_text(certificate.expires)}});
    json::Array keepers;
    for (const patroni::Seen& seen : assembly_.patroni())
        keepers.push_back(json::Object{
            {"place", seen.place},
            {"version", seen.version.empty() ? json::Value() : json::Value(seen.version)},
            {"losesMail", seen.verdict == patroni::Seen::Verdict::loses_mail}});
    const auto relaying = assembly_.relay();
    const relay::RelayStatus relay = relaying ? relaying->status() : relay::RelayStatus{};
    return {{"version", PIDGE_VERSION},
            {"hostname", config.site.hostname},
            {"node", config.site.node},
            {"roles", admin::texts(config.node.roles)},
            {"leads", assembly_.leads()},
            {"isRunning", true},
            {"pid", ::getpid()},
            {"started", admin::utc_text(started_wall_)},
            {"uptimeSeconds", std::chrono::duration_cast<std::chrono::seconds>(uptime).count()},
            {"state", readiness().text},
            {"listeners", std::move(listeners)},
            {"certificates", std::move(certificates)},
            {"patroni", std::move(keepers)},
            {"relay", json::Object{{"destinations", relay.destinations.destinations},
                                   {"connections", relay.destinations.running},
                                   {"paused", relay.destinations.paused},
                                   {"oldest", admin::utc_or_null(relay.oldest)}}}};
}

// RFC 3461 §6: the sender of what an administrator removes hears of it, where somebody vouches for
// that sender (attacks.md R06).
net::Task<Result<std::optional<admin::Wake>>> SiteServer::plan_report(queue::Entry entry,
                                                                      store::Change& change) {
    const auto site = assembly_.directory().site();
    const std::string hostname = assembly_.config()->site.hostname;
    const bool may_tell = entry.sender && (!entry.principal.empty() ||
                                           site->find_domain(entry.sender->domain) != nullptr);
    if (!may_tell)
        co_return Refusal{.kind = Refusal::Kind::policy,
                          .text =
                              "This message came from outside: its sender may be forged, so no "
                              "report goes there. Remove it without one."};
    queue::Report report{.kind = queue::Report::Kind::failure};
    for (const queue::Recipient& recipient : entry.recipients)
        if (recipient.wants_failure())
            report.recipients.push_back({recipient,
                                         queue::Action::failed,
                                         {.kind = queue::RecipientResult::Kind::permanent,
                                          .status = {5, 7, 0},
                                          .text = "The administrator of " + hostname +
                                                  " removed the message from the queue."}});
    if (report.recipients.empty()) co_return std::optional<admin::Wake>();
    const WallTime time = system_clock().now();
    queue::Entry dsn;
    dsn.id = {queue::QueueId::make(system_clock().unix_ms()), 0};
    dsn.destination = policy::destination_for(*site, *entry.sender);
    dsn.arrived = dsn.due = time;
    dsn.principal = std::string(relay::report_principal);
    dsn.recipients.push_back({.address = *entry.sender, .notify_given = true});
    const directory::Domain* main_domain = site->main_domain();
    const std::string domain = main_domain == nullptr ? hostname : main_domain->name;
    relay::ReportContext context{.own_name = hostname,
                                 .from = {.local_part = "postmaster", .domain = domain},
                                 .to = *entry.sender,
                                 .id = dsn.id.text(),
                                 .now = time,
                                 .gives_up = time};
    const relay::WrittenReport written =
        co_await relay::write_report(assembly_.store(), entry, report, std::move(context));
    dsn.body = written.body.id;
    dsn.body_bytes = written.body.size_bytes;
    dsn.eight_bit = written.is_eight_bit;
    dsn.smtputf8 = written.needs_smtputf8;
    queue::plan_enqueue(change, {dsn}, written.body);
    cbor::Map fields;
    fields["queue"] = dsn.id.text();
    fields["to"] = entry.sender->text();
    fields["about"] = entry.id.text();
    fields["kind"] = relay::report_name(report.kind);
    assembly_.trail().append(
        change, assembly_.trail().entry(audit::Type::dsn_sent, "admin", std::move(fields)));
    co_return admin::Wake{dsn.destination.group(), dsn.due};
}

}  // namespace pidge::program
