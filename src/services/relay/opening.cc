#include "services/relay/opening.h"

#include <algorithm>

#include "base/check.h"
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

const tls::ClientContext& context_for(const TlsContexts& contexts, Protection::Kind kind) {
    if (kind == Protection::Kind::verified) return *contexts.verified;
    if (kind == Protection::Kind::dane) return *contexts.dane;
    return *contexts.opportunistic;
}

net::Task<StreamPtr> secure(StreamPtr stream, const SmtpCourierParts& parts,
                            const SmtpCourierOptions& own, const OpeningPlan& plan) {
    // What the destination named, not what unproven aliases of the DNS made of it (RFC 6125
    // §6.4.4).
    const bool is_named = plan.protection.kind == Protection::Kind::verified || plan.is_sts;
    const std::string& name = is_named ? exchanger_name(plan.host) : plan.host.name;
    tls::ConnectOptions options{.server_name = name.empty() ? plan.endpoint.address.text() : name,
                                .tlsa = plan.protection.records,
                                .deadline = std::min(limits::tls_deadline, own.wait_max)};
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
                                        std::min(limits::connect_timeout, options.wait_max));
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

TlsOutcome outcome_of(const net::TlsInfo& info) {
    return {info.peer_verified ? TlsOutcome::Kind::verified : TlsOutcome::Kind::unverified,
            info.verify_error};
}

// One connection on its way to a line; the parts, options and plan outlive it.
class Opening {
 public:
    Opening(const SmtpCourierParts& parts, const SmtpCourierOptions& options,
            const OpeningPlan& plan)
        : parts_(parts), options_(options), plan_(plan) {}

    // Each throws Gone; lose() then says what that means.
    net::Task<void> run();
    void lose(const net::Gone& gone);
    Opened take() { return std::move(opened_); }

 private:
    net::Task<StreamPtr> shake_hands(StreamPtr stream);
    // Each is true when the connection is as far as that; else opened_ says why not.
    net::Task<bool> greet();
    net::Task<bool> start_tls();
    net::Task<bool> log_in();

    const SmtpCourierParts& parts_;
    const SmtpCourierOptions& options_;
    const OpeningPlan& plan_;
    std::unique_ptr<smtp::Client> client_;
    Opened opened_;
    std::string stage_ = "connecting";
    bool is_handshake_ = false;
};

net::Task<void> Opening::run() {
    StreamPtr stream = co_await dial(parts_, options_, plan_.endpoint);
    opened_.sending_address = stream->local().address.text();
    if (plan_.destination.is_tls_first()) stream = co_await shake_hands(std::move(stream));
    const bool is_lmtp = plan_.destination.kind == Destination::Kind::lmtp;
    stage_ = "the greeting";
    is_handshake_ = false;
    client_ = std::make_unique<smtp::Client>(
        std::move(stream),
        smtp::ClientOptions{
            .host_name = options_.own_name,
            .dialect = is_lmtp ? smtp::Dialect::lmtp : smtp::Dialect::smtp,
            .wait_max = options_.wait_max,
            .start_tls = [this](StreamPtr plain) { return shake_hands(std::move(plain)); }});
    bool is_ready = co_await greet();
    if (is_ready) is_ready = co_await start_tls();
    if (is_ready) is_ready = co_await log_in();
    if (!is_ready) {
        co_await client_->quit();
        co_return;
    }
    LineInfo info{.host = host_text(plan_),
                  .address = plan_.endpoint.text(),
                  .tls = tls_text(client_->tls(), plan_.protection.kind)};
    opened_.line = std::make_unique<SmtpLine>(std::move(client_), std::move(info),
                                              is_lmtp ? LineKind::lmtp : LineKind::smtp);
}

net::Task<StreamPtr> Opening::shake_hands(StreamPtr stream) {
    stage_ = "the TLS handshake";
    is_handshake_ = true;
    opened_.tls = {TlsOutcome::Kind::failed, "the handshake was not finished"};
    StreamPtr secured = co_await secure(std::move(stream), parts_, options_, plan_);
    opened_.tls = outcome_of(*secured->tls());
    co_return secured;
}

net::Task<bool> Opening::greet() {
    const Result<void> greeted = co_await client_->greet();
    if (!greeted) opened_.failure = failure_of(greeted.error(), plan_);
    co_return greeted.has_value();
}

net::Task<bool> Opening::start_tls() {
    const Protection& protection = plan_.protection;
    if (protection.kind == Protection::Kind::none || client_->tls() != nullptr) co_return true;
    if (client_->capabilities().start_tls) {
        stage_ = "STARTTLS";
        is_handshake_ = true;
    }
    const Result<void> started = co_await client_->start_tls();
    if (started) co_return true;
    if (client_->tls() != nullptr) {
        opened_.failure = failure_of(started.error(), plan_);
        co_return false;
    }
    opened_.tls = {TlsOutcome::Kind::absent, text::printable(started.error().text)};
    if (!protection.is_must()) co_return true;
    // RFC 3463 §3.8: a security feature that is needed is not there.
    opened_.failure = {.kind = Kind::temporary,
                       .status = {4, 7, 4},
                       .text = text::printable("TLS is required here, but: " + started.error().text,
                                               limits::reply_octets),
                       .remote_host = host_text(plan_)};
    co_return false;
}

// RFC 4954. Whatever goes wrong here is no fault of the message.
net::Task<bool> Opening::log_in() {
    const std::string& user = plan_.destination.user;
    if (user.empty()) co_return true;
    stage_ = "logging in";
    is_handshake_ = false;
    // The password is nobody's but that host's.
    check(client_->tls() != nullptr && client_->tls()->peer_verified, "verified TLS for a login");
    Result<crypto::Secret> password = Refusal{.text = "no route tells the password"};
    if (parts_.password) password = co_await parts_.password(plan_.destination);
    Result<void> done;
    if (password) {
        sasl::ClientCredentials credentials{.login = user,
                                            .password = std::string(password->bytes())};
        done = co_await client_->authenticate(credentials);
        crypto::wipe(credentials.password);
    } else {
        done = password.error();
    }
    if (done) co_return true;
    opened_.failure = failure_of(done.error(), plan_);
    opened_.failure.kind = Kind::temporary;
    opened_.failure.status = {4, 7, 8};  // RFC 4954 §6: the credentials are not valid
    opened_.failure.text = text::printable("cannot log in as " + user + ": " + opened_.failure.text,
                                           limits::reply_octets);
    co_return false;
}

void Opening::lose(const net::Gone& gone) {
    const EnhancedStatus status = is_handshake_            ? EnhancedStatus{4, 7, 5}
                                  : stage_ == "connecting" ? EnhancedStatus{4, 4, 1}
                                                           : EnhancedStatus{4, 4, 2};
    opened_.failure = {
        .kind = Kind::temporary,
        .status = status,
        .text = text::printable("lost at " + stage_ + ": " + gone.what(), limits::reply_octets),
        .remote_host = host_text(plan_)};
    opened_.is_tls_trouble = is_handshake_;
    // RFC 8460 §4.3.4: what the network does need not be reported; a failed handshake must be.
    const bool is_failed = opened_.tls && opened_.tls->kind == TlsOutcome::Kind::failed;
    if (is_failed) opened_.tls->text = text::printable(gone.what());
}

}  // namespace

net::Task<Opened> open_line(const SmtpCourierParts& parts, const SmtpCourierOptions& options,
                            const OpeningPlan& plan) {
    Opening opening(parts, options, plan);
    try {
        co_await net::with_deadline(opening.run(), limits::opening_deadline);
    } catch (const net::Gone& gone) {
        if (gone.why == net::Gone::Why::shutdown) throw;
        opening.lose(gone);
    }
    co_return opening.take();
}

}  // namespace pidge::relay
