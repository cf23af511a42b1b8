#include "services/relay/opening.h"

#include "base/random.h"
#include "base/text.h"
#include "protocols/smtp/client/client.h"
#include "services/relay/limits.h"
#include "services/relay/smtp_line.h"
#include "system/net/gone.h"
#include "system/net/socket_stream.h"
#include "system/net/spawn.h"

namespace pidge::relay {

namespace {

using queue::Destination;
using Kind = queue::RecipientResult::Kind;
using StreamPtr = std::unique_ptr<net::Stream>;

// RFC 8314 §3.3: the port of submission with TLS from the first octet.
constexpr std::uint16_t submissions_port = 465;

const tls::ClientContext& context_for(const TlsContexts& contexts, Protection::Kind kind) {
    if (kind == Protection::Kind::verified) return *contexts.verified;
    if (kind == Protection::Kind::dane) return *contexts.dane;
    return *contexts.opportunistic;
}

net::Task<StreamPtr> secure(StreamPtr stream, const SmtpCourierParts& parts,
                            const OpeningPlan& plan) {
    // What the destination named, not what unproven aliases of the DNS made of it (RFC 6125
    // §6.4.4).
    const bool wants_alias =
        plan.protection.kind == Protection::Kind::verified && !plan.host.alias_of.empty();
    const std::string& name = wants_alias ? plan.host.alias_of : plan.host.name;
    tls::ConnectOptions options{.server_name = name.empty() ? plan.endpoint.address.text() : name,
                                .tlsa = plan.protection.records,
                                .deadline = limits::tls_deadline};
    if (!plan.host.alias_of.empty()) options.further_names.push_back(plan.host.alias_of);
    if (!plan.host.domain.empty()) options.further_names.push_back(plan.host.domain);
    StreamPtr secured = co_await tls::connect(
        std::move(stream), context_for(parts.tls, plan.protection.kind), std::move(options));
    if (plan.protection.kind == Protection::Kind::dane && !secured->tls()->peer_verified)
        throw net::Gone(net::Gone::Why::tls, "the certificate does not match the TLSA records: " +
                                                 secured->tls()->verify_error);
    co_return secured;
}

std::optional<net::Address> source_for(const SmtpCourierOptions& options,
                                       const net::Endpoint& endpoint) {
    std::vector<net::Address> fitting;
    for (const net::Address& source : options.sources) {
        if (source.is_v6() == endpoint.address.is_v6()) fitting.push_back(source);
    }
    if (fitting.empty()) return std::nullopt;
    return fitting[random_u64() % fitting.size()];
}

net::Task<StreamPtr> dial(const SmtpCourierParts& parts, const SmtpCourierOptions& options,
                          net::Endpoint endpoint) {
    if (parts.dial) co_return co_await parts.dial(endpoint);
    co_return co_await net::connect_tcp(endpoint, source_for(options, endpoint),
                                        limits::connect_timeout);
}

std::string tls_text(const net::TlsInfo* info, Protection::Kind kind) {
    if (info == nullptr) return {};
    std::string text = info->version + " " + info->cipher;
    if (kind == Protection::Kind::dane)
        text += ", dane";
    else if (info->peer_verified)
        text += ", verified";
    return text;
}

std::string host_text(const OpeningPlan& plan) {
    return plan.host.name.empty() ? plan.endpoint.address.literal() : plan.host.name;
}

queue::RecipientResult failure_of(const Refusal& refusal, const OpeningPlan& plan) {
    const bool is_permanent = refusal.reply_code >= 500;
    // RFC 7504 §4: a host that says 521 takes no mail at all.
    EnhancedStatus status = refusal.status;
    if (status.subject == 0 && status.detail == 0)
        status = is_permanent ? EnhancedStatus{5, 3, 2} : EnhancedStatus{4, 3, 2};
    return {.kind = is_permanent ? Kind::permanent : Kind::temporary,
            .reply_code = refusal.reply_code,
            .status = status,
            .text = text::printable(refusal.text, limits::reply_octets),
            .remote_host = host_text(plan)};
}

Opened tls_missing(const OpeningPlan& plan, std::string text) {
    // RFC 3463 §3.8: a security feature that is needed is not there.
    return {.failure = {.kind = Kind::temporary,
                        .status = {4, 7, 4},
                        .text = text::printable(text, limits::reply_octets),
                        .remote_host = host_text(plan)}};
}

struct Stage {
    std::string name = "connecting";
    bool is_handshake = false;
};

net::Task<Opened> open(const SmtpCourierParts& parts, const SmtpCourierOptions& options,
                       const OpeningPlan& plan, Stage& stage) {
    const bool is_lmtp = plan.destination.kind == Destination::Kind::lmtp;
    const bool is_tls_first =
        plan.destination.kind == Destination::Kind::next_hop && plan.host.port == submissions_port;
    StreamPtr stream = co_await dial(parts, options, plan.endpoint);
    if (is_tls_first) {
        stage = {"the TLS handshake", true};
        stream = co_await secure(std::move(stream), parts, plan);
    }
    stage = {"the greeting", false};
    smtp::ClientOptions client_options{
        .host_name = options.own_name,
        .dialect = is_lmtp ? smtp::Dialect::lmtp : smtp::Dialect::smtp,
        .start_tls = [&](StreamPtr plain) {
            stage = {"the TLS handshake", true};
            return secure(std::move(plain), parts, plan);
        }};
    auto client = std::make_unique<smtp::Client>(std::move(stream), std::move(client_options));
    const Result<void> greeted = co_await client->greet();
    if (!greeted) {
        Opened refused{.failure = failure_of(greeted.error(), plan)};
        co_await client->quit();
        co_return refused;
    }
    const Protection& protection = plan.protection;
    if (protection.kind != Protection::Kind::none && !is_tls_first) {
        if (client->capabilities().start_tls) stage = {"STARTTLS", true};
        const Result<void> started = co_await client->start_tls();
        if (!started && (protection.is_must() || client->tls() != nullptr)) {
            Opened refused =
                client->tls() != nullptr
                    ? Opened{.failure = failure_of(started.error(), plan)}
                    : tls_missing(plan, "TLS is required here, but: " + started.error().text);
            co_await client->quit();
            co_return refused;
        }
    }
    LineInfo info{.host = host_text(plan),
                  .address = plan.endpoint.text(),
                  .tls = tls_text(client->tls(), protection.kind)};
    co_return Opened{.line = std::make_unique<SmtpLine>(std::move(client), std::move(info),
                                                        is_lmtp ? LineKind::lmtp : LineKind::smtp)};
}

}  // namespace

Protection protection_of(const queue::Destination& destination, const Dane& dane) {
    if (destination.tls == Destination::Tls::verified) return {Protection::Kind::verified, {}};
    if (dane.kind == Dane::Kind::verified) return {Protection::Kind::dane, dane.records};
    if (dane.kind == Dane::Kind::encrypted || destination.tls == Destination::Tls::required)
        return {Protection::Kind::encrypted, {}};
    return {Protection::Kind::opportunistic, {}};
}

net::Task<Opened> open_line(const SmtpCourierParts& parts, const SmtpCourierOptions& options,
                            const OpeningPlan& plan) {
    Stage stage;
    Opened opened;
    try {
        co_return co_await net::with_deadline(open(parts, options, plan, stage),
                                              limits::opening_deadline);
    } catch (const net::Gone& gone) {
        if (gone.why == net::Gone::Why::shutdown) throw;
        const EnhancedStatus status = stage.is_handshake           ? EnhancedStatus{4, 7, 5}
                                      : stage.name == "connecting" ? EnhancedStatus{4, 4, 1}
                                                                   : EnhancedStatus{4, 4, 2};
        opened.failure = {.kind = Kind::temporary,
                          .status = status,
                          .text = text::printable("lost at " + stage.name + ": " + gone.what(),
                                                  limits::reply_octets),
                          .remote_host = host_text(plan)};
        opened.is_tls_trouble = stage.is_handshake;
    }
    co_return opened;
}

}  // namespace pidge::relay
