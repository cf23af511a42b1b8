// One worker: serves one destination on one line at a time.
#include <algorithm>

#include "base/check.h"
#include "base/text.h"
#include "formats/record/format.h"
#include "mail/queue/entry_record.h"
#include "mail/queue/plan.h"
#include "services/relay/core.h"
#include "services/relay/events.h"
#include "services/relay/reroute.h"
#include "services/relay/settle.h"
#include "system/net/gone.h"
#include "system/net/spawn.h"
#include "system/net/timer.h"
#include "system/store/body_away.h"
#include "system/store/kill_point.h"

namespace pidge::relay {

namespace {

using store::DueGroup;
using namespace std::chrono_literals;

// Waits on its loop for work that somebody else has found.
class WaitingWorker final : public Idler, public std::enable_shared_from_this<WaitingWorker> {
 public:
    WaitingWorker() : loop_(net::this_loop()) {}
    void wake() override {
        loop_.post([self = shared_from_this()] { self->woken_.set(); });
    }
    net::Task<void> wait() { return woken_.wait(); }

 private:
    net::Loop& loop_;
    net::Flag woken_;
};

class Worker {
 public:
    Worker(std::shared_ptr<RelayCore> core, DueGroup group)
        : core_(std::move(core)), table_(core_->table), group_(group) {}

    net::Task<void> run();
    net::Task<void> close_line();
    void drop_line();  // at once

 private:
    net::Task<std::optional<Job>> next_job();
    net::Task<bool> lease_offered(Job& job);
    net::Task<std::optional<Job>> lease(WallTime until);
    net::Task<std::vector<Job>> read_jobs(std::vector<store::Lease> leases, SteadyTime leased);
    net::Task<bool> rest();
    net::Task<bool> serve(Job job);
    net::Task<bool> deliver(Job job);
    net::Task<Told> attempt(const Job& job);
    net::Task<Delivery> deliver_in_time(const Job& job, Body& body);
    std::chrono::nanoseconds time_left(const Job& job) const;
    Told unreadable(const Job& job, WallTime began) const;
    net::Task<Connected> open_line(const queue::Destination& destination,
                                   const std::vector<std::string>& avoid);
    net::Task<bool> could_not_connect(Job job, Told told);
    net::Task<void> discard(Job job);
    bool is_too_old(const Job& job) const;
    bool is_ours(const Job& job) const;
    bool is_line_used_up() const;

    const std::shared_ptr<RelayCore> core_;
    Destinations& table_;
    const DueGroup group_;
    std::unique_ptr<Line> line_;
    queue::Destination line_destination_;
    std::uint32_t line_messages_ = 0;  // since it was opened
    SteadyTime line_opened_;
    std::uint32_t messages_ = 0;  // since the worker began
    bool is_unreachable_ = false;
};

net::Task<void> Worker::run() {
    table_.settle_in(group_);
    for (;;) {
        auto job = co_await next_job();
        if (!job) {
            if (!co_await rest()) co_return;
            continue;
        }
        if (!co_await serve(*std::move(job))) co_return;
        ++messages_;
        if (table_.should_yield(group_, messages_)) co_return;
        if (line_ && is_line_used_up()) co_await close_line();
    }
}

net::Task<std::optional<Job>> Worker::next_job() {
    for (;;) {
        while (auto job = table_.take(group_)) {
            if (job->is_offered && !co_await lease_offered(*job)) continue;
            if (!is_too_old(*job) && is_ours(*job)) co_return job;
            co_await core_->parts.store.release({job->lease});
            core_->wake(group_, job->lease.due);
        }
        const auto until = table_.begin_lease(group_, core_->now());
        if (!until) co_return std::nullopt;
        if (auto job = co_await lease(*until)) co_return job;
    }
}

// False: somebody has it already, or it must be looked for.
net::Task<bool> Worker::lease_offered(Job& job) {
    job.leased = core_->now().steady;
    auto lease = co_await core_->parts.store.lease_item(group_, job.lease.due, job.lease.item,
                                                        core_->options.lease_duration);
    if (!lease) {
        core_->wake(group_, job.lease.due);
        co_return false;
    }
    job.lease = *std::move(lease);
    job.is_offered = false;
    co_return true;
}

// The first of what was leased; the rest is for all workers of the destination.
net::Task<std::optional<Job>> Worker::lease(WallTime until) {
    // Whatever happens the table must know that the leasing is over.
    std::vector<Job> jobs;
    std::vector<store::Lease> leases;
    auto left = Destinations::Left::perhaps;
    std::exception_ptr error;
    const SteadyTime asked = core_->now().steady;
    try {
        leases = co_await core_->parts.store.lease(group_, until, limits::lease_batch,
                                                   core_->options.lease_duration);
        store::kill_point("relay-after-lease");
        if (leases.size() < limits::lease_batch) left = Destinations::Left::nothing;
        jobs = co_await read_jobs(leases, asked);
    } catch (...) {
        error = std::current_exception();
        jobs.clear();
        left = Destinations::Left::perhaps;
    }
    std::optional<Job> mine;
    if (!jobs.empty()) {
        mine = std::move(jobs.front());
        jobs.erase(jobs.begin());
    }
    for (const auto& idler : table_.leased(group_, std::move(jobs), left, core_->now()))
        idler->wake();
    if (error) {
        co_await core_->parts.store.release(std::move(leases));
        std::rethrow_exception(error);
    }
    core_->start_workers();
    co_return mine;
}

net::Task<std::vector<Job>> Worker::read_jobs(std::vector<store::Lease> leases, SteadyTime leased) {
    std::vector<std::pair<store::Space, Bytes>> keys;
    for (const store::Lease& lease : leases) keys.emplace_back(store::Space::queue, lease.item);
    std::vector<Job> jobs;
    if (keys.empty()) co_return jobs;
    const auto records = co_await core_->parts.store.multi_get(std::move(keys));
    const Now now = core_->now();
    std::vector<store::Lease> early;
    for (std::size_t i = 0; i < leases.size(); ++i) {
        auto entry = records[i] ? queue::read_entry(*records[i]) : std::nullopt;
        // Written by a newer program: it stays under its lease, and is tried by whoever can read
        // it when that has run out.
        if (records[i] && !entry && record::is_newer(*records[i])) {
            log::write(events::newer, {{"item", text::hex(leases[i].item)}});
            continue;
        }
        if (!entry || entry->held) {
            // Removed, held or damaged: it is not due, whatever the due record says.
            if (records[i] && !entry)
                log::write(events::damaged, {{"item", text::hex(leases[i].item)}});
            store::Change change;
            change.finish(leases[i]);
            change.set_urgency(store::Urgency::soon);
            core_->parts.store.commit_soon(std::move(change));
            continue;
        }
        if (leases[i].due > now.wall &&
            !queue::is_time_for(core_->options.retry, *entry, now.wall)) {
            table_.not_due(group_, leases[i].due, now);
            early.push_back(std::move(leases[i]));
            continue;
        }
        if (co_await reroute(*core_, leases[i], *entry)) continue;
        jobs.push_back({std::move(leases[i]), *std::move(entry), leased});
    }
    if (!early.empty()) co_await core_->parts.store.release(std::move(early));
    co_return jobs;
}

bool Worker::is_too_old(const Job& job) const {
    return core_->now().steady - job.leased > core_->options.lease_duration / 2;
}

// Else another node may be at it.
bool Worker::is_ours(const Job& job) const {
    return core_->parts.store.keeps_leases(core_->now().steady - job.leased);
}

// Keeps the line for a little while. False: nothing came.
net::Task<bool> Worker::rest() {
    if (!line_) co_return false;
    const auto waiting = std::make_shared<WaitingWorker>();
    const auto answer = table_.idle(group_, waiting, core_->now());
    if (answer != Destinations::Rest::waits) co_return answer == Destinations::Rest::has_work;
    bool is_woken = true;
    try {
        co_await net::with_deadline(waiting->wait(), core_->options.line_idle_max);
    } catch (const net::Gone& gone) {
        if (gone.why != net::Gone::Why::deadline) throw;
        is_woken = !table_.leave_idle(group_, waiting.get());
    }
    if (is_woken) table_.settle_in(group_);
    co_return is_woken;
}

// False: the worker ends.
net::Task<bool> Worker::serve(Job job) {
    if (job.entry.destination.kind == queue::Destination::Kind::discard) {
        co_await discard(std::move(job));
        co_return true;
    }
    co_return co_await deliver(std::move(job));
}

net::Task<void> Worker::discard(Job job) {
    std::vector<Job> jobs;
    std::size_t recipients = job.entry.recipients.size();
    jobs.push_back(std::move(job));
    const auto is_full = [&] {
        return jobs.size() >= limits::discard_batch || recipients >= limits::batch_recipients;
    };
    while (!is_full()) {
        auto more = co_await next_job();
        if (!more) break;
        recipients += more->entry.recipients.size();
        jobs.push_back(*std::move(more));
    }
    // Throwing away twice does no harm, so the outcome need not have a sync of its own.
    const auto urgency = is_full() ? store::Urgency::now : store::Urgency::soon;
    const WallTime now = core_->parts.clock.now();
    std::vector<Settling> settlings;
    for (Job& each : jobs) {
        Told told;
        told.attempt = {.began = now, .ended = now, .is_final = true};
        for (const queue::Recipient& recipient : each.entry.recipients)
            told.attempt.results.push_back(
                {.kind = queue::RecipientResult::Kind::accepted,
                 .status = {2, 0, 0},
                 .text = recipient.is_expanded ? "sent on to the members of the role"
                                               : "discarded, as the route of the domain says"});
        settlings.push_back({std::move(each), std::move(told)});
    }
    // Not counted as reached: more workers would only make smaller commits of it.
    co_await settle(*core_, std::move(settlings), urgency);
}

net::Task<bool> Worker::deliver(Job job) {
    Told told;
    std::exception_ptr error;
    bool has_passed_on = false;  // or may have: another node has the item by now
    const WallTime began = core_->parts.clock.now();
    try {
        told = co_await attempt(job);
    } catch (const store::BodyAway& away) {
        has_passed_on = !is_ours(job);
        if (has_passed_on) {
            error = std::current_exception();
        } else {
            // This one is put off like any other; those behind it need not wait.
            log::write(events::body_away,
                       {{"queue", job.entry.id.text()}, {"reason", away.what()}});
            drop_line();
            is_unreachable_ = false;
            told = unreadable(job, began);
        }
    } catch (const store::Fault&) {
        error = std::current_exception();
        has_passed_on = !is_ours(job);
    } catch (...) {
        error = std::current_exception();
    }
    if (error) {
        // The body could not be read, or we are ending: that was no attempt.
        drop_line();
        co_await core_->parts.store.release({job.lease});
        core_->wake(group_, job.lease.due);
        if (has_passed_on) co_return true;
        std::rethrow_exception(error);
    }
    if (is_unreachable_) co_return co_await could_not_connect(std::move(job), std::move(told));
    Settling settling{std::move(job), std::move(told)};
    co_await settle(*core_, std::move(settling));
    co_return true;
}

net::Task<Connected> Worker::open_line(const queue::Destination& destination,
                                       const std::vector<std::string>& avoid) {
    Connected connected = co_await core_->parts.courier.connect(destination, avoid);
    if (connected.line) {
        line_ = std::move(connected.line);
        line_destination_ = destination;
        line_messages_ = 0;
        line_opened_ = core_->now().steady;
        table_.opened(group_);
    }
    co_return connected;
}

Told Worker::unreadable(const Job& job, WallTime began) const {
    Told told{.attempt = {.began = began, .ended = core_->parts.clock.now()}};
    told.attempt.is_final = job.entry.destination.kind == queue::Destination::Kind::lmtp;
    told.attempt.results.assign(job.entry.recipients.size(),
                                {.status = {4, 3, 0}, .text = "the body cannot be read"});
    return told;
}

// One attempt, on as many hosts as it takes. Throws when it was none.
net::Task<Told> Worker::attempt(const Job& job) {
    const queue::Entry& entry = job.entry;
    Told told{.attempt = {.began = core_->parts.clock.now()}};
    told.attempt.is_final = entry.destination.kind == queue::Destination::Kind::lmtp;
    auto blob = co_await core_->parts.store.open_blob(entry.body);
    if (!blob) {
        log::write(events::body_missing, {{"queue", entry.id.text()}});
        co_return unreadable(job, told.attempt.began);
    }
    Body body(entry.trace, std::move(blob), [this, &job] { return is_ours(job); });
    if (line_ && line_destination_ != entry.destination) co_await close_line();
    std::vector<std::string> avoid;
    for (std::size_t hosts = 0;;) {
        const bool is_fresh = !line_;
        if (!line_) {
            Connected connected = co_await open_line(entry.destination, avoid);
            std::ranges::move(connected.tried, std::back_inserter(told.tried));
            if (!line_) {
                // What another host said of the message stands, where there is such a one.
                is_unreachable_ = avoid.empty() && connected.is_unreachable;
                if (told.attempt.results.empty())
                    told.attempt.results.assign(entry.recipients.size(), connected.failure);
                break;
            }
        }
        told.where = line_->info();
        body.rewind();
        store::kill_point("relay-before-delivery");
        Delivery delivery = co_await deliver_in_time(job, body);
        store::kill_point("relay-after-delivery");
        if (delivery.line != Delivery::Line::usable) drop_line();
        if (delivery.line == Delivery::Line::stale && !is_fresh) continue;
        check(delivery.results.size() == entry.recipients.size(), "each recipient has a result");
        told.attempt.results = std::move(delivery.results);
        told.attempt.passed_reports_on = delivery.passed_reports_on;
        told.is_converted = delivery.is_converted;
        if (delivery.line == Delivery::Line::usable) {
            ++line_messages_;
            table_.reached(group_, core_->now());
            break;
        }
        table_.strained(group_, core_->now());
        const bool another =
            delivery.line == Delivery::Line::another || delivery.line == Delivery::Line::stale;
        if (!another || ++hosts >= limits::hosts_tried_max || time_left(job) <= 0s) break;
        told.tried.push_back({told.where, told.attempt.results.front().text});
        avoid.push_back(told.where.address);
    }
    told.attempt.ended = core_->parts.clock.now();
    co_return told;
}

// For a delivery and what follows it, before another may hold the lease.
std::chrono::nanoseconds Worker::time_left(const Job& job) const {
    const std::chrono::nanoseconds whole = core_->options.lease_duration;
    return whole - whole / limits::lease_margin_share - (core_->now().steady - job.leased);
}

net::Task<Delivery> Worker::deliver_in_time(const Job& job, Body& body) {
    const std::chrono::nanoseconds time = std::max<std::chrono::nanoseconds>(time_left(job), 1s);
    try {
        co_return co_await net::with_deadline(line_->deliver(job.entry, body), time);
    } catch (const net::Gone& gone) {
        if (gone.why != net::Gone::Why::deadline) throw;
    }
    Delivery late{.line = Delivery::Line::ended};
    late.results.assign(job.entry.recipients.size(),
                        {.status = {4, 4, 7}, .text = "the delivery took too long"});
    co_return late;
}

// The other entries of the destination share the failure as their attempt, within a bound.
net::Task<bool> Worker::could_not_connect(Job job, Told told) {
    is_unreachable_ = false;
    if (table_.unreachable(group_, core_->now()) == Destinations::Reach::busy) {
        table_.put_back(group_, std::move(job), core_->now());
        co_return false;
    }
    log::write(events::unreachable, {{"destination", job.entry.destination.text()},
                                     {"reason", told.attempt.results.front().text}});
    const queue::RecipientResult failure = told.attempt.results.front();
    std::size_t shared = 0;
    std::vector<Settling> settlings;
    settlings.push_back({std::move(job), std::move(told)});
    while (!settlings.empty()) {
        shared += settlings.size();
        co_await settle(*core_, std::move(settlings));
        settlings.clear();
        if (shared >= limits::shared_failure_entries) break;
        const WallTime now = core_->parts.clock.now();
        std::size_t recipients = 0;
        while (settlings.size() < limits::lease_batch && recipients < limits::batch_recipients) {
            auto more = co_await next_job();
            if (!more) break;
            recipients += more->entry.recipients.size();
            Told same{.attempt = {.began = now, .ended = now}};
            same.attempt.results.assign(more->entry.recipients.size(), failure);
            settlings.push_back({*std::move(more), std::move(same)});
        }
    }
    co_return false;
}

bool Worker::is_line_used_up() const {
    return line_->is_used_up() || line_messages_ >= core_->options.line_messages_max ||
           core_->now().steady - line_opened_ > limits::line_age_max;
}

void Worker::drop_line() {
    if (!line_) return;
    line_.reset();
    table_.closed(group_);
}

net::Task<void> Worker::close_line() {
    if (!line_) co_return;
    const auto line = std::move(line_);
    table_.closed(group_);
    co_await line->quit();
}

}  // namespace

net::Task<void> run_worker(std::shared_ptr<RelayCore> core, store::DueGroup group) {
    const PartsInUse use(*core);
    Worker worker(core, group);
    std::exception_ptr error;
    bool is_store_ill = false, is_interrupted = false;
    try {
        co_await worker.run();
        co_await worker.close_line();
    } catch (const store::Fault& fault) {
        log::write(events::store_trouble, {{"reason", fault.what()}});
        is_store_ill = true;
    } catch (const net::Gone&) {
        error = std::current_exception();
        is_interrupted = true;
    } catch (...) {
        error = std::current_exception();
    }
    worker.drop_line();
    if (is_store_ill) core->table.unreachable(group, core->now());
    std::vector<store::Lease> leases;
    for (Job& job : core->table.end(group, core->now())) leases.push_back(std::move(job.lease));
    if (is_interrupted) std::rethrow_exception(error);
    if (!leases.empty()) co_await core->parts.store.release(std::move(leases));
    if (error) std::rethrow_exception(error);
    core->start_workers();
}

}  // namespace pidge::relay
