#include "services/relay/recorder.h"

#include <algorithm>

#include "base/random.h"
#include "base/text.h"
#include "mail/queue/plan.h"
#include "services/relay/events.h"
#include "services/relay/report.h"

namespace pidge::relay {

namespace {

using audit::Type;
using queue::Action;

constexpr std::string_view source = "relay";

std::string sender_text(const queue::Entry& entry) {
    return entry.sender ? entry.sender->text() : "<>";
}

// Of each reply, among so many of one attempt.
std::size_t reply_octets(std::size_t recipients) {
    return std::clamp(limits::replies_octets / std::max<std::size_t>(recipients, 1),
                      limits::reply_octets_least, limits::reply_octets);
}

std::string reply_text(const queue::RecipientResult& result, std::size_t octets) {
    std::string text;
    if (result.reply_code != 0) text = std::to_string(result.reply_code) + " ";
    text += result.status.text() + " " + result.text;
    return text::printable(text, octets);
}

void set_where(cbor::Map& fields, const LineInfo& where) {
    if (!where.host.empty()) fields["host"] = where.host;
    if (!where.address.empty()) fields["address"] = where.address;
    if (!where.tls.empty()) fields["tls"] = where.tls;
}

cbor::Map about(const queue::Entry& entry) {
    return {{"queue", entry.id.text()},
            {"from", sender_text(entry)},
            {"destination", entry.destination.text()}};
}

cbor::Array recipients_of(const queue::Entry& entry, const queue::Attempt& attempt) {
    cbor::Array recipients;
    const std::size_t octets = reply_octets(entry.recipients.size());
    for (std::size_t i = 0; i < entry.recipients.size(); ++i)
        recipients.push_back(cbor::Map{{"to", entry.recipients[i].address.text()},
                                       {"reply", reply_text(attempt.results[i], octets)}});
    return recipients;
}

bool is_failure(Action action) {
    return action == Action::failed || action == Action::expired;
}

void count(const queue::Outcome& outcome) {
    counters.attempts.add();
    for (const queue::Settled& settled : outcome.settled) {
        switch (settled.action) {
            case Action::delivered:
                counters.delivered.add();
                break;
            case Action::relayed:
                counters.relayed.add();
                break;
            case Action::expanded:  // its members are counted
                break;
            case Action::failed:
                counters.failed.add();
                break;
            case Action::expired:
                counters.expired.add();
                break;
        }
    }
    if (outcome.remaining)
        counters.deferred.add(static_cast<std::int64_t>(outcome.remaining->recipients.size()));
}

void write_log(const queue::Entry& entry, const Told& told, const queue::Outcome& outcome) {
    for (const queue::Settled& settled : outcome.settled) {
        log::write(is_failure(settled.action) ? events::failed : events::delivered,
                   {{"queue", entry.id.text()},
                    {"to", settled.recipient.address.text()},
                    {"action", queue::action_name(settled.action)},
                    {"host", told.where.host},
                    {"reply", reply_text(settled.result, limits::reply_octets)}});
    }
    if (!outcome.remaining) return;
    log::write(events::deferred, {{"queue", entry.id.text()},
                                  {"recipients", outcome.remaining->recipients.size()},
                                  {"attempts", outcome.remaining->attempts},
                                  {"reply", outcome.remaining->last_reply}});
}

}  // namespace

void Recorder::audit(Planned& planned, const queue::Entry& entry, const Told& told,
                     const queue::Outcome& outcome) {
    cbor::Map attempt = about(entry);
    attempt["attempt"] = static_cast<std::int64_t>(entry.attempts) + 1;
    attempt["to"] = recipients_of(entry, told.attempt);
    set_where(attempt, told.where);
    if (told.is_converted) attempt["converted"] = "7bit";
    if (!told.tried.empty()) {
        cbor::Array tried;
        for (const HostNote& note : told.tried) {
            cbor::Map host{{"text", text::printable(note.text, limits::reply_octets)}};
            set_where(host, note.where);
            tried.push_back(std::move(host));
        }
        attempt["tried"] = std::move(tried);
    }
    parts_.trail.append(planned.change,
                        parts_.trail.entry(Type::attempt, std::string(source), std::move(attempt)));

    for (const queue::Settled& settled : outcome.settled) {
        cbor::Map fields = about(entry);
        fields["to"] = settled.recipient.address.text();
        fields["action"] = queue::action_name(settled.action);
        fields["reply"] = reply_text(settled.result, reply_octets(entry.recipients.size()));
        set_where(fields, told.where);
        if (!entry.principal.empty()) fields["principal"] = entry.principal;
        parts_.trail.append(planned.change, parts_.trail.entry(Type::outcome, std::string(source),
                                                               std::move(fields)));
    }
}

net::Task<Planned> Recorder::plan(const Job& job, const Told& told) {
    queue::Outcome outcome =
        queue::outcome_of(job.entry, told.attempt, options_.retry, random_u64());
    Planned planned;
    if (outcome.remaining) {
        queue::plan_defer(planned.change, *outcome.remaining, job.lease);
        planned.wakes.push_back({job.lease.group, outcome.remaining->due});
    } else {
        queue::plan_end(planned.change, job.entry, job.lease);
    }
    audit(planned, job.entry, told, outcome);
    co_await plan_reports(planned, job.entry, outcome);
    planned.outcome = std::move(outcome);
    co_return planned;
}

void Recorder::tell(const Job& job, const Told& told, const Planned& planned) const {
    count(planned.outcome);
    counters.reports.add(planned.reports);
    write_log(job.entry, told, planned.outcome);
    if (planned.is_unreported) {
        counters.unreported.add();
        log::write(events::unreported,
                   {{"queue", job.entry.id.text()}, {"sender", sender_text(job.entry)}});
    }
}

// Attacks.md R06: a report goes only to a sender that somebody vouches for: who logged in or
// submitted from our own range, or an address of ours. The others' failures are the postmaster's.
bool Recorder::may_tell(const queue::Entry& entry) const {
    if (!entry.sender) return false;
    return !entry.principal.empty() || (parts_.is_ours && parts_.is_ours(entry.sender->domain));
}

WallTime Recorder::gives_up(const queue::Entry& entry, WallTime now) const {
    return now + std::max(options_.retry.life - entry.waited, std::chrono::microseconds(0));
}

net::Task<void> Recorder::plan_reports(Planned& planned, const queue::Entry& entry,
                                       const queue::Outcome& outcome) {
    if (may_tell(entry)) {
        std::uint16_t index = 0;
        for (const queue::Report& report : outcome.reports)
            co_await plan_report(planned, entry, report, *entry.sender, index++);
        co_return;
    }
    queue::Report failure{.kind = queue::Report::Kind::failure};
    for (const queue::Settled& settled : outcome.settled) {
        if (is_failure(settled.action))
            failure.recipients.push_back({settled.recipient, settled.action, settled.result});
    }
    if (failure.recipients.empty()) co_return;
    // What cannot reach the postmaster is not reported to the postmaster.
    const auto is_postmaster = [&](const queue::Report::Of& of) {
        return options_.postmaster &&
               address::key(of.recipient.address) == address::key(*options_.postmaster);
    };
    std::erase_if(failure.recipients, is_postmaster);
    if (!options_.postmaster || failure.recipients.empty()) {
        planned.is_unreported = true;
        co_return;
    }
    co_await plan_report(planned, entry, failure, *options_.postmaster, 0);
}

net::Task<void> Recorder::plan_report(Planned& planned, const queue::Entry& entry,
                                      const queue::Report& report, address::Mailbox to,
                                      std::uint16_t index) {
    const auto destination = parts_.route ? parts_.route(to) : std::nullopt;
    if (!destination) {
        planned.is_unreported = true;
        co_return;
    }
    const WallTime now = parts_.clock.now();
    queue::Entry dsn;
    dsn.id = {queue::QueueId::make(parts_.clock.unix_ms()), index};
    dsn.destination = *destination;
    dsn.arrived = dsn.due = now;
    dsn.principal = std::string(report_principal);
    // RFC 3461 §6.1: the null reverse-path, and nothing is reported about it.
    dsn.recipients.push_back({.address = to, .notify_given = true});

    ReportContext context{.own_name = options_.own_name,
                          .from = options_.postmaster.value_or(address::Mailbox{
                              .local_part = "postmaster", .domain = options_.own_name}),
                          .to = to,
                          .id = dsn.id.text(),
                          .now = now,
                          .gives_up = gives_up(entry, now)};
    WrittenReport written = co_await write_report(parts_.store, entry, report, std::move(context));
    dsn.body = written.body.id;
    dsn.body_bytes = written.body.size_bytes;
    dsn.eight_bit = written.is_eight_bit;
    dsn.smtputf8 = written.needs_smtputf8;
    queue::plan_enqueue(planned.change, {dsn}, written.body);
    planned.wakes.push_back({dsn.destination.group(), dsn.due});
    ++planned.reports;

    cbor::Map fields = about(dsn);
    fields["to"] = to.text();
    fields["about"] = entry.id.text();
    fields["kind"] = report_name(report.kind);
    parts_.trail.append(planned.change,
                        parts_.trail.entry(Type::dsn_sent, std::string(source), std::move(fields)));
}

}  // namespace pidge::relay
