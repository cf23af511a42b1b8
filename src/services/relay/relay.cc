#include "services/relay/relay.h"

#include "base/check.h"
#include "services/relay/clock_back.h"
#include "services/relay/core.h"
#include "services/relay/events.h"
#include "system/net/spawn.h"
#include "system/net/timer.h"

namespace pidge::relay {

namespace {

using store::DueGroup;

// The group before this one in the order of keys, so that due_groups() begins with this one.
std::optional<DueGroup> before(DueGroup group) {
    for (std::size_t i = group.octets.size(); i-- > 0;) {
        if (group.octets[i]-- != 0) return group;
    }
    return std::nullopt;
}

net::Task<void> refresh(RelayCore& core) {
    for (const DueGroup group : core.table.take_stale(limits::refreshed_at_once)) {
        const auto found = co_await core.parts.store.due_groups(before(group), 1);
        const bool is_there = !found.empty() && found.front().group == group;
        core.table.refreshed(group, is_there ? std::optional(found.front().earliest) : std::nullopt,
                             core.now());
    }
}

void show_metrics(const RelayCore& core) {
    const Destinations::Counts counts = core.table.quick_counts();
    counters.running.set(static_cast<std::int64_t>(counts.running));
    counters.destinations.set(static_cast<std::int64_t>(counts.destinations));
    counters.paused.set(static_cast<std::int64_t>(counts.paused));
}

// Starts what falls due.
net::Task<void> run_ticks(std::shared_ptr<RelayCore> core) {
    const PartsInUse use(*core);
    while (!core->table.is_stopped()) {
        core->start_workers();
        show_metrics(*core);
        bool is_store_well = true;
        try {
            co_await refresh(*core);
        } catch (const store::Fault& fault) {
            log::write(events::store_trouble, {{"reason", fault.what()}});
            is_store_well = false;
        }
        if (core->table.is_stopped()) co_return;
        core->start_workers();
        const auto wait = core->table.until_next(core->now());
        co_await core->look.wait_for(
            is_store_well ? std::max<std::chrono::nanoseconds>(wait, limits::tick_shortest)
                          : limits::tick_longest);
    }
}

// Learns of every group page by page. What is woken meanwhile is served meanwhile.
net::Task<void> sweep_groups(RelayCore& core) {
    core.table.sweep_begins();
    std::optional<DueGroup> after;
    for (;;) {
        const auto page = co_await core.parts.store.due_groups(after, limits::sweep_page);
        for (const store::DueSummary& summary : page) core.wake(summary.group, summary.earliest);
        if (page.size() < limits::sweep_page || core.table.is_stopped()) co_return;
        after = page.back().group;
    }
}

// Reads every entry: counts them and, where the clock has gone back, brings forward what waits for
// it to catch up.
net::Task<void> read_queue(RelayCore& core, bool has_clock_gone_back) {
    std::uint64_t count = 0, brought = 0;
    std::optional<WallTime> oldest;
    store::ScanOptions options{.limit = limits::sweep_page};
    for (;;) {
        auto items = co_await core.parts.store.scan(store::Space::queue, options);
        if (!items.empty() && !oldest) {
            if (const auto id = queue::EntryId::from_key(items.front().key))
                oldest = queue::made_at(id->message);
        }
        count += items.size();
        const bool is_last = items.size() < limits::sweep_page;
        if (!is_last) options.from = items.back().key + '\0';
        if (has_clock_gone_back) {
            for (store::Item& item : items)
                brought += co_await bring_forward(core, std::move(item)) ? 1 : 0;
        }
        if (is_last || core.table.is_stopped()) break;
    }
    if (brought > 0) log::write(events::brought_forward, {{"entries", brought}});
    core.queued = count;
    core.oldest_us = oldest ? oldest->time_since_epoch().count() : INT64_MAX;
    core.has_swept = true;
    counters.queued.set(static_cast<std::int64_t>(count));
    const auto age = oldest ? core.parts.clock.now() - *oldest : std::chrono::microseconds(0);
    counters.oldest.set(std::chrono::duration_cast<std::chrono::seconds>(age).count());
}

net::Task<void> run_sweeps(std::shared_ptr<RelayCore> core) {
    const PartsInUse use(*core);
    std::optional<Now> before;  // none: the clock may have been set while the program did not run
    std::optional<SteadyTime> counted;
    while (!core->table.is_stopped()) {
        bool is_store_well = true;
        try {
            co_await sweep_groups(*core);
            const Now now = core->now();
            const bool has_clock_gone_back = !before || has_gone_back(*before, now);
            if (has_clock_gone_back || !counted ||
                now.steady - *counted >= limits::count_interval) {
                co_await read_queue(*core, has_clock_gone_back);
                counted = now.steady;
            }
            before = now;  // after it has been done
        } catch (const store::Fault& fault) {
            log::write(events::store_trouble, {{"reason", fault.what()}});
            is_store_well = false;
        }
        const std::chrono::nanoseconds wait =
            is_store_well ? std::chrono::nanoseconds(core->options.sweep_interval)
                          : std::chrono::nanoseconds(limits::tick_longest);
        co_await core->ending.wait_for(wait);
    }
}

}  // namespace

void RelayCore::wake(store::DueGroup group, WallTime due) {
    if (const auto idler = table.wake(group, due, now())) idler->wake();
    start_workers();
}

void RelayCore::start_workers() {
    while (const auto group = table.start(now())) {
        try {
            net::spawn(next_loop(), "relay", run_worker(shared_from_this(), *group));
        } catch (...) {
            // The worker that the table counts is not there.
            table.settle_in(*group);
            table.end(*group, now());
            throw;
        }
    }
}

Relay::Relay(RelayParts parts, RelayOptions options)
    : core_(std::make_shared<RelayCore>(std::move(parts), std::move(options))) {
    check(!core_->parts.loops.empty(), "a relay has a loop to run on");
}

Relay::~Relay() {
    core_->table.stop();
}

void Relay::start() {
    net::Loop& loop = *core_->parts.loops.front();
    net::spawn_lasting(loop, "relay-ticks", [core = core_] { return run_ticks(core); });
    net::spawn_lasting(loop, "relay-sweep", [core = core_] { return run_sweeps(core); });
}

void Relay::wake(store::DueGroup group, WallTime due) {
    core_->wake(group, due);
}

void Relay::offer(queue::Entry entry) {
    const store::DueGroup group = entry.destination.group();
    const Now now = core_->now();
    Job job{.lease = {.group = group, .due = entry.due, .item = entry.id.key()},
            .entry = std::move(entry),
            .leased = now.steady,
            .is_offered = true};
    if (const auto idler = core_->table.offer(group, std::move(job), now)) idler->wake();
    core_->start_workers();
}

void Relay::retry(store::DueGroup group, WallTime due) {
    core_->table.lift_pause(group, core_->now());
    core_->wake(group, due);
}
void Relay::look() {
    core_->parts.loops.front()->post([core = core_] { core->look.notify_all(); });
}

net::Task<void> Relay::drain() {
    const auto core = core_;  // which may outlive the relay
    core->table.stop();
    core->parts.loops.front()->post([core] {
        core->ending.set();
        core->look.notify_all();
    });
    while (core->table.quick_counts().running > 0 || core->uses > 0)
        co_await net::sleep_for(limits::drain_look);
}

RelayStatus Relay::status() const {
    RelayStatus status{.destinations = core_->table.counts(),
                       .queued = core_->queued,
                       .has_swept = core_->has_swept,
                       .is_draining = core_->table.is_stopped()};
    if (const std::int64_t oldest = core_->oldest_us; oldest != INT64_MAX)
        status.oldest = WallTime(std::chrono::microseconds(oldest));
    return status;
}

}  // namespace pidge::relay
