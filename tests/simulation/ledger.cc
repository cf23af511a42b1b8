#include "simulation/ledger.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>

#include "mail/queue/entry_record.h"

namespace pidge::simulation {

using namespace std::chrono_literals;
using std::chrono::microseconds;

namespace {

std::string text_of(const audit::Entry& entry, const char* name) {
    const auto found = entry.fields.find(name);
    return found == entry.fields.end() || !found->second.text() ? "" : *found->second.text();
}

bool has_arrived(const std::string& action) {
    return action == "relayed" || action == "delivered";
}

}  // namespace

void Ledger::complain(std::string what) {
    complaints_.push_back(std::move(what));
}

// --- clients and remote servers ---

std::size_t Ledger::send(Sending sending) {
    const std::size_t index = sendings_.size();
    for (const std::string& recipient : sending.recipients) sending_of_[recipient] = index;
    sendings_.push_back(std::move(sending));
    return index;
}

const std::string* Ledger::text_for(const std::string& recipient) const {
    const auto found = sending_of_.find(recipient);
    return found == sending_of_.end() ? nullptr : &sendings_[found->second].text;
}

void Ledger::attempted(const queue::Entry& entry) {
    ++counts_.attempts;
    const auto found = queue_.find(entry.id.key());
    const bool is_stored = found != queue_.end() &&
                           found->second.entry.attempts == entry.attempts &&
                           found->second.entry.recipients.size() == entry.recipients.size();
    if (!is_stored) {
        if (!are_leases_short)
            complain(fmt::format("{} is tried as it is not in the queue", entry.id.text()));
        return;
    }
    const Seen& seen = found->second;
    if (clock_.now() < seen.entry.due && seen.steps == clock_.steps())
        complain(fmt::format("{} is tried {} before it is due", entry.id.text(),
                             seen.entry.due - clock_.now()));
}

std::size_t Ledger::took(Copy copy) {
    const std::size_t index = copies_.size();
    copies_of_[{copy.entry, copy.recipient}].push_back(index);
    copies_.push_back(std::move(copy));
    return index;
}

void Ledger::came_too_late(const std::string& entry) {
    for (Copy& copy : copies_)
        if (copy.entry == entry) copy.is_lease_over = true;
}

void Ledger::refused(const std::string& entry, const std::string& recipient) {
    refusals_.insert({entry, recipient});
}

void Ledger::took_report(const std::string& entry, const std::string& body) {
    if (body.find("\r\nAction: failed") == std::string::npos) return;
    constexpr std::string_view field = "\r\nFinal-Recipient: rfc822;";
    for (std::size_t at = body.find(field); at != std::string::npos; at = body.find(field, at)) {
        at += field.size();
        reported_[body.substr(at, body.find("\r\n", at) - at)].insert(entry);
    }
}

// --- what becomes durable ---

void Ledger::wrote(std::span<const store::Write> writes) {
    for (const store::Write& write : writes) {
        if (write.space() != store::Space::queue) continue;
        const std::string_view key = write.key.substr(1);
        if (write.kind == store::Write::Kind::put) {
            watch_entry(key, write.value);
            continue;
        }
        const auto found = queue_.find(Bytes(key));
        if (found == queue_.end()) continue;
        const Seen& seen = found->second;
        ended_[seen.entry.id.text()] = {clock_.elapsed() - seen.since, seen.entry.attempts + 1};
        queue_.erase(found);
    }
}

void Ledger::watch_entry(std::string_view key, std::string_view value) {
    const auto entry = queue::read_entry(value);
    if (!entry) return complain("an entry was written that cannot be read");
    const auto found = queue_.find(Bytes(key));
    if (found == queue_.end()) {
        // What is found after a power cut came before it.
        const auto since =
            clock_.steps() > 0 ? clock_.elapsed() : clock_.elapsed_at(entry->arrived);
        queue_[Bytes(key)] = {*entry, since, steps_at_planning(*entry)};
        return;
    }
    if (!is_brought_forward(found->second.entry, *entry)) watch_retry(found->second, *entry);
    found->second = {*entry, found->second.since, steps_at_planning(*entry)};
}

// The clock may have gone back between the planning and the commit.
int Ledger::steps_at_planning(const queue::Entry& entry) const {
    const bool is_near = entry.due <= clock_.now() + policy_.longest;
    return is_near || clock_.steps() == 0 ? clock_.steps() : -1;
}

// Whether nothing is new but that it is due, after a clock that was ahead has gone back.
bool Ledger::is_brought_forward(const queue::Entry& before, const queue::Entry& entry) const {
    queue::Entry expected = before;
    expected.due = entry.due;
    return clock_.steps() > 0 && entry == expected &&
           entry.due + 1h < before.last_attempt.value_or(before.arrived);
}

// Whether a deferred entry keeps to the schedule.
void Ledger::watch_retry(const Seen& before, const queue::Entry& entry) {
    const std::string id = entry.id.text();
    if (entry.attempts != before.entry.attempts + 1)
        complain(fmt::format("{} goes from {} attempts to {}", id, before.entry.attempts,
                             entry.attempts));
    if (!entry.last_attempt) return complain(fmt::format("{} has no last attempt", id));
    microseconds interval = policy_.first;
    for (std::uint32_t i = 1; i < entry.attempts && interval < policy_.longest; ++i) interval *= 2;
    interval = std::min(interval, policy_.longest);
    const microseconds wait = entry.due - *entry.last_attempt;
    if (wait > interval || wait < interval * (100 - policy_.jitter_percent) / 100)
        complain(fmt::format("{} waits {} after attempt {}", id, wait, entry.attempts));
    if (entry.waited < before.entry.waited)
        complain(fmt::format("{} has waited less than before", id));
    if (before.steps != clock_.steps() || clock_.steps() > 0) return;
    if (*entry.last_attempt < before.entry.due)
        complain(fmt::format("{} was tried before it was due", id));
    if (entry.waited > clock_.elapsed() - before.since + 1s)
        complain(fmt::format("{} has waited longer than it is there", id));
    if (entry.waited > policy_.life + policy_.longest)
        complain(fmt::format("{} is kept beyond its time", id));
}

// --- the verdict ---

void Ledger::read_entry(const audit::Entry& entry, Told& told) {
    const std::string id = text_of(entry, "queue");
    switch (entry.type) {
        case audit::Type::accept: {
            const auto to = entry.fields.find("to");
            if (to == entry.fields.end() || !to->second.array()) return;
            for (const cbor::Value& recipient : *to->second.array()) {
                Fate& fate = told.accepted[*recipient.text()];
                ++fate.accepts;
                fate.message = id;
            }
            break;
        }
        case audit::Type::outcome: {
            Fate& fate = told.settled[{id, text_of(entry, "to")}];
            ++fate.outcomes;
            fate.action = text_of(entry, "action");
            break;
        }
        case audit::Type::dsn_sent:
            ++counts_.reports;
            told.reports[id] =
                text_of(entry, "kind") == "failure" ? text_of(entry, "about") : std::string();
            break;
        default:
            break;
    }
}

Ledger::Told Ledger::read_trail(const std::vector<audit::Numbered>& trail) {
    Told told;
    for (const audit::Numbered& numbered : trail) read_entry(numbered.entry, told);
    return told;
}

void Ledger::judge(const std::vector<audit::Numbered>& trail) {
    const Told told = read_trail(trail);
    for (const Sending& sending : sendings_) judge_sending(sending, told);
    for (const auto& [key, fate] : told.settled) judge_outcome(key, fate, told);
    for (const auto& [key, copies] : copies_of_)
        if (!told.settled.contains(key))
            complain(fmt::format("{} arrived at {}, and the trail tells of no outcome", key.first,
                                 key.second));
}

void Ledger::judge_sending(const Sending& sending, const Told& told) {
    const bool is_acknowledged = !sending.queue_id.empty();
    for (const std::string& recipient : sending.recipients) {
        const auto accepted = told.accepted.find(recipient);
        const int accepts = accepted == told.accepted.end() ? 0 : accepted->second.accepts;
        if (accepts > 1) complain(fmt::format("{} was accepted {} times", recipient, accepts));
        if (is_acknowledged) {
            ++counts_.acknowledged;
            if (accepts == 0)
                complain(fmt::format("{} was acknowledged and is lost", recipient));
            else if (accepted->second.message != sending.queue_id)
                complain(fmt::format("{} was acknowledged under another id", recipient));
        }
        int outcomes = 0;
        for (const auto& [key, fate] : told.settled)
            if (key.second == recipient) outcomes += fate.outcomes;
        if (outcomes != accepts)
            complain(fmt::format("{} has {} accept entries and {} outcomes", recipient, accepts,
                                 outcomes));
    }
}

void Ledger::judge_outcome(const Key& key, const Fate& fate, const Told& told) {
    const auto& [id, recipient] = key;
    const auto accepted = told.accepted.find(recipient);
    const bool is_message =
        accepted != told.accepted.end() && id.starts_with(accepted->second.message);
    if (!is_message && !told.reports.contains(id))
        complain(fmt::format("an outcome of {} for {}, which was never accepted", id, recipient));
    if (fate.outcomes > 1)
        complain(fmt::format("{} has {} outcomes for {}", id, fate.outcomes, recipient));
    const bool arrived = has_arrived(fate.action);
    if (arrived) {
        ++counts_.delivered;
        if (!copies_of_.contains(key))
            complain(fmt::format("{} is {} for {}, who has nothing", id, fate.action, recipient));
    } else if (fate.action == "failed") {
        ++counts_.failed;
        if (!refusals_.contains(key))
            complain(fmt::format("{} has failed for {}, which nobody refused", id, recipient));
    } else {
        ++counts_.expired;
        judge_expiry(key);
    }
    judge_copies(key, arrived);
    if (is_message) judge_report(key, !arrived, told);
}

void Ledger::judge_expiry(const Key& key) {
    const auto ended = ended_.find(key.first);
    if (ended == ended_.end()) return complain(fmt::format("{} expired unseen", key.first));
    if (ended->second.attempts < policy_.attempts_min)
        complain(fmt::format("{} expired after {} attempts", key.first, ended->second.attempts));
    if (clock_.steps() == 0 && ended->second.age < policy_.life)
        complain(fmt::format("{} expired before its time", key.first));
}

void Ledger::judge_copies(const Key& key, bool arrived) {
    const auto found = copies_of_.find(key);
    if (found == copies_of_.end()) return;
    std::size_t excused = 0;
    for (const std::size_t index : found->second) {
        const Copy& copy = copies_[index];
        excused += copy.is_reply_lost || copy.is_lease_over || bad_lives_.contains(copy.life);
    }
    const std::size_t count = found->second.size();
    counts_.duplicates += count - 1;
    if (count > excused + 1)
        complain(fmt::format("{} came {} times for {}, of which {} are excused", key.first, count,
                             key.second, excused));
    if (!arrived && count > excused)
        complain(fmt::format("{} arrived at {} and was given up", key.first, key.second));
}

bool Ledger::is_report_given_up(const std::string& entry, const Told& told) {
    return std::ranges::any_of(told.settled, [&](const auto& settled) {
        const auto report = told.reports.find(settled.first.first);
        return report != told.reports.end() && report->second == entry &&
               !has_arrived(settled.second.action);
    });
}

void Ledger::judge_report(const Key& key, bool is_failure, const Told& told) {
    const auto found = reported_.find(key.second);
    const std::size_t reports = found == reported_.end() ? 0 : found->second.size();
    if (is_failure && reports != 1 && !(reports == 0 && is_report_given_up(key.first, told)))
        complain(fmt::format("the failure for {} was reported {} times", key.second, reports));
    if (!is_failure && reports != 0)
        complain(fmt::format("a failure for {}, who has it, was reported", key.second));
}

}  // namespace pidge::simulation
