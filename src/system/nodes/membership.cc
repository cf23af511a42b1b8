#include "system/nodes/membership.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/id.h"
#include "base/metrics.h"
#include "formats/record/format.h"
#include "system/net/timer.h"
#include "system/nodes/events.h"

namespace pidge::nodes {

namespace {

using store::Change;
using store::Space;

metrics::Gauge level_gauge{"pidge_format_level",
                           "The format of records that is written, the same on all nodes."};
metrics::Gauge newest_gauge{"pidge_format_newest",
                            "The newest format of records that this program can read."};
metrics::Counter beats_good{"pidge_node_beats_total", "Renewals of this node's row, by outcome.",
                            "outcome", "good"};
metrics::Counter beats_failed{"pidge_node_beats_total", "Renewals of this node's row, by outcome.",
                              "outcome", "failed"};

void check_same(Change& change, Space space, Bytes key, const std::optional<Bytes>& value) {
    if (value)
        change.check_equals(space, std::move(key), *value);
    else
        change.check_absent(space, std::move(key));
}

// A node that left its place without a word, so that its formats still count.
bool has_vanished(const Seen& seen, WallTime now) {
    return seen.node.state != State::down && now - seen.node.seen < limits::vanished_counts;
}

}  // namespace

Membership::Membership(store::Store& store, const Clock& clock, MembershipOptions options)
    : store_(store), clock_(clock), options_(std::move(options)), node_(options_.node) {
    node_.format_newest = record::newest_format;
    node_.boot = Bytes(Id<struct BootTag>::make(clock.unix_ms()).bytes());
    last_word_ = clock.steady().time_since_epoch().count();
    newest_gauge.set(record::newest_format);
}

std::chrono::seconds Membership::interval() const {
    return options_.sharing == Sharing::shared ? limits::beat_shared : limits::beat_alone;
}

Refusal Membership::too_new(const Level& level) const {
    return {.kind = Refusal::Kind::policy,
            .text = fmt::format(
                "The store holds records of format {}, and this version of pidge ({}) reads "
                "formats up to {}. Start the version that the other nodes run, or a newer one.",
                level.format, options_.node.version, record::newest_format)};
}

// Whether the name may be taken from whose row it is: `joined` says that nothing is in the way.
// Where the store is this machine's own nobody else can have it.
Result<Membership::Attempt> Membership::judge(const Node& before, WallTime now) {
    if (before.state == State::down || now - before.seen >= limits::silent) return Attempt::joined;
    const auto refused = [&](std::string who) {
        return Refusal{.kind = Refusal::Kind::conflict,
                       .text = fmt::format("{} runs as node {} on this store already. Give each "
                                           "its own name (site.node), or stop the other.",
                                           who, node_.name)};
    };
    if (before.host != node_.host) return refused(fmt::format("The machine {}", before.host));
    if (options_.sharing == Sharing::alone) return Attempt::joined;
    const auto process =
        fmt::format("Another pidge on this machine (process {})", process_number(before.process));
    switch (options_.life(before.process)) {
        case Life::gone:
            return Attempt::joined;
        case Life::running:
            return refused(process);
        case Life::unknown:
            break;
    }
    if (doubted_ && *doubted_ != before) return refused(process);
    if (!doubted_) log::write(events::doubtful, {{"node", before.name}});
    doubted_ = before;
    return Attempt::doubtful;
}

net::Task<Result<Membership::Attempt>> Membership::try_join() {
    const auto stored_level = co_await store_.get(Space::node, Bytes(level_key));
    const auto level = stored_level ? read_level(*stored_level) : Level{};
    if (!level || level->format > record::newest_format)
        co_return too_new(level.value_or(Level{.format = 0}));
    const Bytes key = node_key(node_.name);
    const auto stored = co_await store_.get(Space::node, key);
    const auto before = stored ? read_node(*stored) : std::nullopt;
    const WallTime now = co_await store_.now();
    if (before) {
        const Attempt way = CO_TRY(judge(*before, now));
        if (way != Attempt::joined) co_return way;
    }
    const auto wish = co_await store_.get(Space::node, wish_key(node_.name));
    wish_ = wish ? read_wish(*wish).value_or(Wish::serve) : Wish::serve;
    node_.started = node_.seen = now;
    node_.state = state_;
    Change change;
    check_same(change, Space::node, Bytes(level_key), stored_level);
    check_same(change, Space::node, key, stored);
    change.put(Space::node, Bytes(level_key),
               record_of(Level{.format = level->format, .joins = level->joins + 1}));
    change.put(Space::node, key, record_of(node_));
    change.hint(Bytes(nodes_subject));
    if (!co_await store_.commit(std::move(change))) co_return Attempt::raced;
    follow(*level);
    co_return Attempt::joined;
}

net::Task<Result<std::unique_ptr<Membership>>> Membership::join(store::Store& store,
                                                                const Clock& clock,
                                                                MembershipOptions options) {
    std::unique_ptr<Membership> self(new Membership(store, clock, std::move(options)));
    for (int races = 0; races < limits::join_attempts;) {
        const Attempt attempt = CO_TRY(co_await self->try_join());
        if (attempt == Attempt::joined) {
            log::write(events::joined,
                       {{"node", self->node_.name}, {"version", self->node_.version}});
            co_return self;
        }
        if (attempt == Attempt::doubtful) co_await net::sleep_for(limits::doubt_look);
        races += attempt == Attempt::raced ? 1 : 0;
    }
    co_return Refusal{.kind = Refusal::Kind::temporary,
                      .text = "Too many nodes join at this moment; try again."};
}

void Membership::follow(const Level& level) {
    if (level.format > record::newest_format) {
        set_fate(too_new(level).text);
        return;
    }
    record::set_writable_format(level.format);
    level_gauge.set(level.format);
}

void Membership::set_fate(std::string text) {
    const std::lock_guard lock(mutex_);
    if (!fate_.empty()) return;
    fate_ = std::move(text);
    log::write(events::expelled, {{"reason", fate_}});
}

std::string Membership::fate() const {
    const std::lock_guard lock(mutex_);
    return fate_;
}

bool Membership::is_cut_off() const {
    if (options_.sharing == Sharing::alone) return false;
    const SteadyTime last{SteadyTime::duration(last_word_.load())};
    return clock_.steady() - last > limits::cut_off;
}

// A commit whose answer was lost may have happened, and somebody else may have taken the name.
net::Task<void> Membership::look_again() {
    const auto stored = co_await store_.get(Space::node, node_key(node_.name));
    const auto now = stored ? read_node(*stored) : std::nullopt;
    if (!now || now->boot != node_.boot) {
        set_fate(fmt::format("Another start of pidge has taken the name of node {}{}.", node_.name,
                             now ? ", on the machine " + now->host : ""));
        co_return;
    }
    node_ = *now;
}

net::Task<void> Membership::beat() {
    const SteadyTime begun = clock_.steady();
    const auto rows = co_await store_.multi_get(
        {{Space::node, Bytes(level_key)}, {Space::node, wish_key(node_.name)}});
    if (rows[0])
        if (const auto level = read_level(*rows[0])) follow(*level);
    wish_ = rows[1] ? read_wish(*rows[1]).value_or(Wish::serve) : Wish::serve;
    Node next = node_;
    next.seen = co_await store_.now();
    next.state = state_;
    Change change;
    change.check_equals(Space::node, node_key(node_.name), record_of(node_));
    change.put(Space::node, node_key(node_.name), record_of(next));
    if (next.state != node_.state) change.hint(Bytes(nodes_subject));
    const auto committed = co_await store_.commit(std::move(change));
    if (!committed) {
        co_await look_again();
        co_return;
    }
    node_ = std::move(next);
    last_word_ = begun.time_since_epoch().count();
}

net::Task<void> Membership::run() {
    bool is_failing = false;
    while (!is_ended_ && fate().empty()) {
        const SteadyTime next = clock_.steady() + interval();
        is_look_wanted_ = false;
        try {
            co_await beat();
            beats_good.add();
            if (std::exchange(is_failing, false)) log::write(events::heard);
        } catch (const store::Fault& fault) {
            beats_failed.add();
            if (!std::exchange(is_failing, true))
                log::write(events::silent, {{"reason", fault.what()}});
        }
        while (!is_ended_ && !is_look_wanted_ && clock_.steady() < next)
            co_await net::sleep_for(limits::tick);
    }
}

void Membership::set_state(State state) {
    if (state_.exchange(state) != state) look();
}

net::Task<void> Membership::leave() {
    if (!fate().empty()) co_return;
    for (int attempt = 0; attempt < 2; ++attempt) {
        Node next = node_;
        next.state = State::down;
        next.seen = co_await store_.now();
        Change change;
        change.check_equals(Space::node, node_key(node_.name), record_of(node_));
        change.put(Space::node, node_key(node_.name), record_of(next));
        change.hint(Bytes(nodes_subject));
        if (co_await store_.commit(std::move(change))) co_return;
        co_await look_again();
        if (!fate().empty()) co_return;
    }
}

net::Task<void> Membership::tend_all(std::function<void(store::Change&)> guard) {
    const auto stored = co_await store_.get(Space::node, Bytes(level_key));
    const auto level = stored ? read_level(*stored) : std::nullopt;
    if (!level) co_return;
    const auto nodes = co_await read_nodes(store_);
    const WallTime now = co_await store_.now();
    std::uint32_t all_read = record::newest_format;
    for (const Seen& seen : nodes) {
        if (seen.state != State::down || has_vanished(seen, now))
            all_read = std::min(all_read, seen.node.format_newest);
        if (seen.state != State::down || now - seen.node.seen < limits::forgotten) continue;
        Change change;
        guard(change);
        change.check_equals(Space::node, node_key(seen.node.name), record_of(seen.node));
        change.erase(Space::node, node_key(seen.node.name));
        change.erase(Space::node, wish_key(seen.node.name));
        if (co_await store_.commit(std::move(change)))
            log::write(events::forgotten, {{"node", seen.node.name}});
    }
    if (all_read <= level->format) co_return;
    Change change;
    guard(change);
    change.check_equals(Space::node, Bytes(level_key), *stored);
    change.put(Space::node, Bytes(level_key),
               record_of(Level{.format = all_read, .joins = level->joins + 1}));
    change.hint(Bytes(nodes_subject));
    if (co_await store_.commit(std::move(change)))
        log::write(events::level_raised, {{"format", all_read}});
}

}  // namespace pidge::nodes
