#include "services/submission/session.h"

#include <algorithm>

#include "base/check.h"
#include "base/metrics.h"
#include "mail/policy/envelope.h"
#include "mail/policy/published.h"
#include "mail/policy/refusals.h"
#include "mail/queue/plan.h"
#include "services/submission/events.h"
#include "services/submission/host_name.h"
#include "services/submission/internationalized.h"
#include "services/submission/received.h"
#include "system/net/gone.h"
#include "system/store/kill_point.h"

namespace pidge::submission {

namespace {

using policy::Code;
using policy::refuse;

metrics::Counter accepted_submission{"pidge_messages_accepted_total",
                                     "Messages answered with 250, by how they came.", "from",
                                     "submission"};
metrics::Counter accepted_range{"pidge_messages_accepted_total",
                                "Messages answered with 250, by how they came.", "from", "range"};
metrics::Counter accepted_outside{"pidge_messages_accepted_total",
                                  "Messages answered with 250, by how they came.", "from",
                                  "outside"};
metrics::Counter accepted_bytes{"pidge_accepted_bytes_total", "Octets of accepted messages."};

queue::Return ret_of(smtp::MailFrom::Return ret) {
    using From = smtp::MailFrom::Return;
    switch (ret) {
        case From::full:
            return queue::Return::full;
        case From::headers:
            return queue::Return::headers;
        case From::unspecified:
            break;
    }
    return queue::Return::unspecified;
}

metrics::Counter& accepted_by(const policy::Submitter& submitter) {
    using Kind = policy::Submitter::Kind;
    if (submitter.kind == Kind::outside) return accepted_outside;
    return submitter.kind == Kind::range ? accepted_range : accepted_submission;
}

}  // namespace

Session::Session(Gateway& gateway, smtp::Connection connection)
    : gateway_(gateway),
      options_(gateway.options()),
      connection_(std::move(connection)),
      id_(SessionId::make(gateway.parts().clock.unix_ms())),
      allowance_(gateway.rates(), *options_, connection_.remote.address) {}

template <typename T>
net::Task<Result<T>> Session::answered(const char* command, net::Task<Result<T>> task) {
    std::optional<Result<T>> result;
    try {
        result.emplace(co_await std::move(task));
    } catch (const store::Fault& fault) {
        log::write(store_fault, {{"session", id_.text()}, {"reason", fault.what()}});
        result.emplace(refuse(fault.why == store::Fault::Why::full ? Code::no_space
                                                                   : Code::store_unavailable));
    } catch (const net::Gone& gone) {
        if (gone.why != net::Gone::Why::full)
            throw;  // a pool was full; anything else ends the session
        result.emplace(refuse(Code::busy));
    }
    if (!*result) refused(command, result->error());
    co_return *std::move(result);
}

net::Task<Result<void>> Session::open() {
    gateway_.parts().trail.note(
        gateway_.parts().trail.entry(audit::Type::session_open, "smtp",
                                     {{"session", id_.text()},
                                      {"client", connection_.remote.text()},
                                      {"listener", connection_.listener},
                                      {"local", connection_.local.text()}}));
    co_return Result<void>{};
}

void Session::client_is(smtp::ClientState state) {
    client_ = std::move(state);
}

// --- logging in ---

Result<sasl::Identity> Session::logged_in(Result<Login> login, const std::string& name,
                                          const std::string& authorization,
                                          const std::string& mechanism) {
    audit::Trail& trail = gateway_.parts().trail;
    cbor::Map fields = client_fields();
    fields["login"] = name.substr(0, 320);
    fields["mechanism"] = mechanism;
    // Acting for somebody else needs delegation, which nobody has been given.
    if (login && !authorization.empty() && authorization != name &&
        authorization != login->principal.login)
        login = Refusal{.kind = Refusal::Kind::credentials,
                        .text = "You may not act for " + authorization + ".",
                        .status = {5, 7, 8},
                        .reply_code = 535};
    if (!login) {
        fields["reply"] = reply_text(login.error());
        trail.note(trail.entry(audit::Type::auth_fail, "smtp", std::move(fields)));
        log::write(login_failed, {{"session", id_.text()},
                                  {"client", connection_.remote.text()},
                                  {"login", name},
                                  {"reply", login.error().text}});
        return refusal_of(std::move(login));
    }
    fields["principal"] = login->principal.id.text();
    fields["credential"] = login->credential.text();
    trail.note(trail.entry(audit::Type::auth_ok, "smtp", std::move(fields)));
    return sasl::Identity{.principal = login->principal.id.text(),
                          .login = login->principal.login,
                          .credential = login->credential.text()};
}

net::Task<Result<sasl::Identity>> Session::verify_password(std::string authorization,
                                                           std::string login, std::string password,
                                                           std::string mechanism) {
    Result<Login> outcome = refuse(Code::busy);
    try {
        outcome = co_await gateway_.parts().authenticator.password(
            login, std::move(password), connection_.remote.address, "submission");
    } catch (const store::Fault& fault) {
        log::write(store_fault, {{"session", id_.text()}, {"reason", fault.what()}});
    } catch (const net::Gone& gone) {
        if (gone.why != net::Gone::Why::full) throw;
    }
    // RFC 4954 §6: a temporary failure of authentication is 454.
    if (!outcome && outcome.error().kind == Refusal::Kind::temporary)
        outcome.error().reply_code = 454;
    co_return logged_in(std::move(outcome), login, authorization, mechanism);
}

net::Task<Result<sasl::ScramVerifier>> Session::find_scram_verifier(std::string authorization,
                                                                    std::string login) {
    scram_.reset();
    const auto found =
        co_await gateway_.parts().authenticator.scram(login, connection_.remote.address);
    if (!found) co_return found.error();
    scram_ = *found;
    sasl::ScramVerifier verifier{
        .salt = found->salt,
        .iterations = found->iterations,
        .identity = {.login = login, .acting_for = std::move(authorization)},
        .is_real = found->principal.has_value(),
    };
    for (const ScramLogin::Key& key : found->keys)
        verifier.keys.push_back({key.stored_key, key.server_key, key.credential.text()});
    co_return verifier;
}

net::Task<Result<sasl::Identity>> Session::scram_finished(sasl::ScramVerifier verifier,
                                                          bool proof_holds, std::string mechanism) {
    if (!scram_) co_return refuse(Code::credentials_wrong);
    ScramLogin login = *std::exchange(scram_, std::nullopt);
    const auto credential = directory::CredentialId::parse(verifier.identity.credential);
    auto outcome = co_await gateway_.parts().authenticator.scram_finished(
        std::move(login), proof_holds && credential, credential.value_or(directory::CredentialId()),
        connection_.remote.address);
    co_return logged_in(std::move(outcome), verifier.identity.login, verifier.identity.acting_for,
                        mechanism);
}

// --- one message ---

net::Task<Result<policy::Submitter>> Session::submitter() {
    if (client_.identity) {
        const auto id = directory::PrincipalId::parse(client_.identity->principal);
        const auto principal =
            id ? co_await gateway_.parts().directory.find_principal(*id) : std::nullopt;
        if (!principal || principal->state == directory::Principal::State::blocked)
            co_return refuse(Code::account_blocked);
        co_return policy::submitter_of(*principal);
    }
    if (connection_.service == smtp::Service::mx) {
        const auto site = gateway_.parts().directory.site();
        if (const auto* range =
                site->find_range(connection_.remote.address, gateway_.parts().clock.now()))
            co_return policy::submitter_of(*range);
    }
    co_return policy::Submitter{};
}

net::Task<Result<void>> Session::mail(smtp::MailFrom from) {
    return answered("MAIL", start_mail(std::move(from)));
}

Result<void> Session::check_store() const {
    using State = store::Health::State;
    const store::Health health = gateway_.parts().store.health();
    if (health.state == State::failed || health.state == State::away)
        return refuse(Code::store_unavailable);
    const bool is_measured = health.total_bytes > 0;
    if (health.state == State::low_space ||
        (is_measured && health.free_bytes < options_->reserve_bytes))
        return refuse(Code::no_space);
    return {};
}

net::Task<Result<void>> Session::start_mail(smtp::MailFrom from) {
    transaction_.reset();
    GatewayParts& parts = gateway_.parts();
    CO_TRY(check_store());
    if (from.size_bytes && *from.size_bytes > options_->message_bytes_max)
        co_return refuse(Code::message_too_large);

    auto transaction = std::make_unique<Transaction>(parts.directory);
    transaction->submitter = CO_TRY(co_await submitter());
    const auto site = parts.directory.site();
    directory::Found found;
    if (from.sender && site->find_domain(from.sender->domain))
        found = co_await parts.directory.find(*from.sender);
    transaction->sender = CO_TRY(
        policy::plan_sender(transaction->submitter, from.sender, *site, found, from.smtputf8));
    transaction->from = std::move(from);
    transaction->id = queue::QueueId::make(parts.clock.unix_ms());
    transaction_ = std::move(transaction);
    Result<void> allowed = check_rates(transaction_->amount);
    if (allowed) allowed = co_await check_machine();
    if (!allowed) transaction_.reset();
    co_return allowed;
}

// --- how much, and from what ---

std::size_t Session::recipients_max() const {
    using Kind = policy::Submitter::Kind;
    if (client_.identity) return allowance_.recipients_max(Kind::person);
    const bool may_be_machine =
        connection_.service == smtp::Service::mx &&
        gateway_.parts().directory.site()->find_range(connection_.remote.address,
                                                      gateway_.parts().clock.now()) != nullptr;
    return allowance_.recipients_max(may_be_machine ? Kind::range : Kind::outside);
}

Result<void> Session::check_rates(SendRates::Amount amount) const {
    if (!allowance_.has_room(transaction_->submitter, amount)) return refuse(Code::sends_too_much);
    return {};
}

net::Task<Result<void>> Session::check_machine() {
    GatewayParts& parts = gateway_.parts();
    if (transaction_->submitter.kind != policy::Submitter::Kind::range || has_machine_name_ ||
        parts.resolver == nullptr)
        co_return Result<void>{};
    const auto site = parts.directory.site();
    const auto* range = site->find_range(connection_.remote.address, parts.clock.now());
    if (range == nullptr || !range->needs_name) co_return Result<void>{};
    CO_TRY(co_await check_host_name(*parts.resolver, connection_.remote.address));
    has_machine_name_ = true;
    co_return Result<void>{};
}

// --- recipients ---

net::Task<Result<void>> Session::rcpt(smtp::RcptTo to) {
    return answered("RCPT", add_recipient(std::move(to)));
}

net::Task<Result<void>> Session::add_recipient(smtp::RcptTo to) {
    check(transaction_ != nullptr, "RCPT without MAIL");
    GatewayParts& parts = gateway_.parts();
    if (transaction_->recipients.given().size() >=
        allowance_.recipients_max(transaction_->submitter.kind))
        co_return Refusal{
            .kind = Refusal::Kind::limit,
            .text = "Too many recipients in one message; send the rest in another one.",
            .status = {4, 5, 3},
            .reply_code = 452};
    const bool outside = !transaction_->submitter.is_submitting();
    if (outside && gateway_.guessing().is_enough(connection_.remote.address))
        co_return refuse(Code::recipient_guessing);
    // Before anybody is looked up: whoever may not guess any more (below) learns of nobody.
    SendRates::Amount amount = transaction_->amount;
    ++amount.recipients_elsewhere;
    CO_TRY(check_rates(amount));
    const auto site = parts.directory.site();
    const bool is_here = to.recipient.domain.empty() || site->find_domain(to.recipient.domain);
    directory::Found found;
    if (is_here) found = co_await parts.directory.find(to.recipient);
    const auto allowed =
        policy::check_recipient(transaction_->submitter, to.recipient, *site, found);
    if (!allowed) {
        Refusal refusal = allowed.error();
        if (refusal.kind == Refusal::Kind::not_found) count_unknown(refusal);
        co_return refusal;
    }
    ++(is_here ? transaction_->amount.recipients_here : transaction_->amount.recipients_elsewhere);
    if (found.kind == directory::Found::Kind::principal)
        found.entry.published =
            policy::published_form(to.recipient, found.entry.published, transaction_->from.smtputf8)
                .text();
    co_await transaction_->recipients.add(std::move(to), std::move(found));
    co_return Result<void>{};
}

// attacks.md R07. A list of ours may name some who have left, and the others get their copy all the
// same: that is no guess of a stranger, who is slowed down and sent away (backend.h). It counts as
// a recipient elsewhere.
void Session::count_unknown(Refusal& refusal) {
    if (!transaction_->submitter.is_submitting()) {
        gateway_.guessing().count(connection_.remote.address);
        return;
    }
    refusal.kind = Refusal::Kind::policy;
    (void)allowance_.take(transaction_->submitter, {.recipients_elsewhere = 1});
}

net::Task<Result<void>> Session::begin_body() {
    check(transaction_ && !transaction_->recipients.is_empty(), "DATA without recipients");
    GatewayParts& parts = gateway_.parts();
    transaction_->content = std::make_unique<Content>(
        parts.store, parts.directory, parts.clock,
        ContentOptions{
            .submitter = transaction_->submitter,
            .hostname = options_->hostname,
            .message_id = "<" + transaction_->id.text() + "@" + options_->hostname + ">",
            .message_bytes_max = options_->message_bytes_max,
            .body = transaction_->from.body,
            .smtputf8 = transaction_->from.smtputf8,
        });
    co_return Result<void>{};
}

net::Task<Result<void>> Session::body(std::string_view bytes) {
    check(transaction_ && transaction_->content, "a body without DATA");
    return answered("DATA", transaction_->content->write(bytes));
}

net::Task<Result<smtp::Accepted>> Session::end_body() {
    return answered("DATA", accept());
}

net::Task<Result<smtp::Accepted>> Session::accept() {
    check(transaction_ && transaction_->content, "the end of a body without DATA");
    GatewayParts& parts = gateway_.parts();
    store::kill_point("submission-before-plan");
    const StoredContent stored = CO_TRY(co_await transaction_->content->finish());
    if (!allowance_.take(transaction_->submitter, transaction_->amount))
        co_return refuse(Code::sends_too_much);
    auto entries = transaction_->recipients.entries(base_entry(stored), *parts.directory.site());
    // A header of others that holds UTF-8 without SMTPUTF8 goes on as it came. A member of a role
    // may need SMTPUTF8 though nobody who wrote to the role could know.
    for (queue::Entry& entry : entries)
        entry.smtputf8 = is_internationalized(entry, entry.smtputf8 && stored.header_beyond_ascii);

    store::Change change;
    change.offer_scheduled();
    queue::plan_enqueue(change, entries, stored.blob);
    parts.trail.append(change, accept_entry(stored, entries));
    for (const Expansion& expansion : transaction_->recipients.expansions()) {
        cbor::Array members(expansion.members.begin(), expansion.members.end());
        parts.trail.append(change, parts.trail.entry(audit::Type::expand, "smtp",
                                                     {{"queue", transaction_->id.text()},
                                                      {"address", expansion.address},
                                                      {"to", std::move(members)}}));
    }
    if (!change.fits()) co_return refuse(Code::recipients_too_many);
    store::kill_point("submission-before-commit");
    const auto committed = co_await parts.store.commit(std::move(change));
    store::kill_point("submission-before-reply");
    // Nothing else has this queue id; no reason to let all other sessions go down with this one.
    if (!committed) {
        log::write(store_fault, {{"session", id_.text()},
                                 {"reason", "a new message was in conflict with what is stored"}});
        co_return refuse(Code::store_unavailable);
    }

    for (queue::Entry& entry : entries) parts.offer(std::move(entry));
    accepted_by(transaction_->submitter).add();
    log::write(message_accepted,
               {{"queue", transaction_->id.text()},
                {"session", id_.text()},
                {"client", connection_.remote.text()},
                {"from", transaction_->sender ? transaction_->sender->text() : "<>"},
                {"recipients", transaction_->recipients.given().size()},
                {"bytes", stored.blob.size_bytes}});
    accepted_bytes.add(static_cast<std::int64_t>(stored.blob.size_bytes));
    smtp::Accepted accepted{.queue_id = transaction_->id.text()};
    transaction_.reset();
    co_return accepted;
}

queue::Entry Session::base_entry(const StoredContent& stored) const {
    const WallTime now = gateway_.parts().clock.now();
    const auto& given = transaction_->recipients.given();
    queue::Entry entry{
        .id = {.message = transaction_->id},
        .sender = transaction_->sender,
        .envelope_id = transaction_->from.envelope_id,
        .ret = ret_of(transaction_->from.ret),
        .smtputf8 = transaction_->from.smtputf8,
        .eight_bit = stored.eight_bit,
        .body = stored.blob.id,
        .body_bytes = stored.blob.size_bytes,
        .arrived = now,
        .principal = transaction_->submitter.id,
        .due = now,
    };
    entry.trace = received_field({
        .connection = connection_,
        .client = client_,
        .hostname = options_->hostname,
        .node = options_->node,
        .queue_id = transaction_->id.text(),
        .only_recipient = given.size() == 1 && !given.front().domain.empty()
                              ? std::optional(given.front())
                              : std::nullopt,
        .smtputf8 = transaction_->from.smtputf8,
        .shows_identity = options_->trace_shows_identity,
        .now = now,
    });
    if (!stored.mime_verdict.empty())
        entry.trace += std::string(mime_verdict_field) + ": " + stored.mime_verdict + "\r\n";
    return entry;
}

}  // namespace pidge::submission
