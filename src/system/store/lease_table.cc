#include "system/store/lease_table.h"

#include <algorithm>
#include <utility>

#include "system/store/due_key.h"
#include "system/store/limits.h"
#include "system/store/octets.h"

namespace pidge::store {

namespace {

constexpr std::size_t group_size = 8;
// Items looked at in one go where leased ones may stand between the free ones.
constexpr std::size_t page = 64;

std::string_view group_of(std::string_view key) {
    return key.substr(0, group_size);
}

// The end of what is due in the group at that time, `now` itself included.
Bytes due_end(const DueGroup& group, WallTime now) {
    return due_key(group, now + std::chrono::microseconds(1), {});
}

}  // namespace

LeaseTable::Group& LeaseTable::enter(std::string_view group, Bytes& cursor) {
    Group& entered = groups_[Bytes(group)];
    ++entered.scans;
    cursor = entered.cursor.empty() ? Bytes(group) : entered.cursor;
    return entered;
}

void LeaseTable::leave(Groups::iterator group) {
    if (--group->second.scans == 0) {
        group->second.ended.clear();
        group->second.lowest_scheduled.reset();
    }
    tidy(group);
}

void LeaseTable::tidy(Groups::iterator group) {
    if (group->second.scans > 0 || !group->second.held.empty()) return;
    // Its cursor spares the next scan all the erasures of what was done lately.
    if (group->second.cursor.empty() || groups_.size() > limits::idle_groups_max)
        groups_.erase(group);
}

void LeaseTable::lower(Group& group, std::string_view key) {
    if (!group.cursor.empty() && key < group.cursor) group.cursor = key;
    if (group.scans > 0 && (!group.lowest_scheduled || key < *group.lowest_scheduled))
        group.lowest_scheduled = key;
}

void LeaseTable::expire() {
    const SteadyTime now = clock_.steady();
    while (!expiries_.empty() && expiries_.begin()->first <= now) {
        const auto node = expiries_.extract(expiries_.begin());
        const Bytes& key = node.mapped();
        const auto group = groups_.find(group_of(key));
        if (group == groups_.end()) continue;
        const auto held = group->second.held.find(key);
        // It may have ended and been leased anew since; a commit under way decides by itself.
        if (held == group->second.held.end() || held->second.expires != node.key() ||
            held->second.is_finishing)
            continue;
        group->second.held.erase(held);
        --held_count_;
        lower(group->second, key);
        tidy(group);
    }
}

std::vector<Lease> LeaseTable::lease(const DueGroup& group, WallTime now, std::size_t limit,
                                     std::chrono::seconds duration) {
    std::vector<Lease> leases;
    ScanOptions options{.to = due_end(group, now), .limit = std::max(limit, page)};
    {
        const std::lock_guard lock(mutex_);
        expire();
        if (held_count_ >= limits::leases_max)
            throw Fault(Fault::Why::unavailable, "too many items are leased");
        limit = std::min(limit, limits::leases_max - held_count_);
        enter(bytes_of(group), options.from);
    }
    for (bool more = limit > 0; more;) {
        std::vector<Item> items;
        try {
            items = *table_.scan(Space::due, options, nullptr, Effort::may_wait);
        } catch (...) {
            const std::lock_guard lock(mutex_);
            leave(groups_.find(bytes_of(group)));
            throw;
        }
        more = items.size() == options.limit;
        const std::lock_guard lock(mutex_);
        Group& entered = groups_.find(bytes_of(group))->second;
        for (Item& item : items) {
            if (leases.size() == limit) {
                more = false;
                break;
            }
            options.from = item.key + '\0';
            if (entered.held.contains(item.key) || entered.ended.contains(item.key)) continue;
            if (!read_due_key(item.key)) continue;
            take_offer(item.key);
            leases.push_back(hold(entered, std::move(item.key), duration));
        }
    }
    const std::lock_guard lock(mutex_);
    const auto entered = groups_.find(bytes_of(group));
    entered->second.cursor = options.from;
    if (entered->second.lowest_scheduled &&
        *entered->second.lowest_scheduled < entered->second.cursor)
        entered->second.cursor = *entered->second.lowest_scheduled;
    leave(entered);
    return leases;
}

// Whether the item was on offer.
bool LeaseTable::take_offer(std::string_view key) {
    const auto offer = offers_.keys.find(key);
    if (offer == offers_.keys.end()) return false;
    offers_.keys.erase(offer);
    return true;
}

// Of an item that nobody holds.
Lease LeaseTable::hold(Group& group, Bytes key, std::chrono::seconds duration) {
    const auto read = read_due_key(key);
    const Held held{++last_fence_, clock_.steady() + duration, false};
    Lease lease{read->group, read->due, Bytes(read->item), held.fence};
    expiries_.emplace(held.expires, key);
    group.held.emplace(std::move(key), held);
    ++held_count_;
    return lease;
}

std::optional<Lease> LeaseTable::lease_item(const DueGroup& group, WallTime due,
                                            std::string_view item, std::chrono::seconds duration) {
    Bytes key = due_key(group, due, item);
    const std::lock_guard lock(mutex_);
    expire();
    if (held_count_ >= limits::leases_max || !take_offer(key)) return std::nullopt;
    Group& entered = groups_[Bytes(bytes_of(group))];
    // A scan that saw the record before it was offered has it already.
    if (entered.held.contains(key)) return std::nullopt;
    return hold(entered, std::move(key), duration);
}

void LeaseTable::release(const std::vector<Lease>& leases) {
    const std::lock_guard lock(mutex_);
    for (const Lease& lease : leases) {
        const Bytes key = due_key(lease.group, lease.due, lease.item);
        const auto group = groups_.find(group_of(key));
        if (group == groups_.end()) continue;
        const auto held = group->second.held.find(key);
        if (held == group->second.held.end() || held->second.fence != lease.fence ||
            held->second.is_finishing)
            continue;
        group->second.held.erase(held);
        --held_count_;
        lower(group->second, key);
        tidy(group);
    }
}

std::optional<WallTime> LeaseTable::earliest_free(std::string_view group) {
    ScanOptions options{.to = after_prefix(group), .limit = 1};
    {
        const std::lock_guard lock(mutex_);
        const auto known = groups_.find(group);
        const bool has_cursor = known != groups_.end() && !known->second.cursor.empty();
        options.from = has_cursor ? known->second.cursor : Bytes(group);
    }
    for (;;) {
        const auto items = *table_.scan(Space::due, options, nullptr, Effort::may_wait);
        const std::lock_guard lock(mutex_);
        const auto known = groups_.find(group);
        for (const Item& item : items) {
            if (known != groups_.end() && known->second.held.contains(item.key)) continue;
            const auto read = read_due_key(item.key);
            if (read) return read->due;
        }
        if (items.size() < options.limit) return std::nullopt;
        options.from = items.back().key + '\0';
        options.limit = page;
    }
}

std::vector<DueSummary> LeaseTable::due_groups(const std::optional<DueGroup>& after,
                                               std::size_t limit) {
    {
        const std::lock_guard lock(mutex_);
        expire();
    }
    std::vector<DueSummary> summaries;
    ScanOptions options{.limit = 1};
    if (after) options.from = after_prefix(bytes_of(*after));
    if (after && options.from.empty()) return summaries;  // it was the last possible one
    while (summaries.size() < limit) {
        const auto items = *table_.scan(Space::due, options, nullptr, Effort::may_wait);
        if (items.empty()) break;
        const auto read = read_due_key(items.front().key);
        if (!read) throw Fault(Fault::Why::damaged, "a due record has no time");
        const auto earliest = earliest_free(bytes_of(read->group));
        if (earliest) summaries.push_back({read->group, *earliest});
        options.from = after_prefix(bytes_of(read->group));
        if (options.from.empty()) break;
    }
    return summaries;
}

bool LeaseTable::begin_finish(std::string_view key, std::uint64_t fence) {
    const std::lock_guard lock(mutex_);
    expire();
    const auto group = groups_.find(group_of(key));
    if (group == groups_.end()) return false;
    const auto held = group->second.held.find(key);
    if (held == group->second.held.end() || held->second.fence != fence ||
        held->second.is_finishing)
        return false;
    held->second.is_finishing = true;
    return true;
}

bool LeaseTable::begin_removal(std::string_view key) {
    const std::lock_guard lock(mutex_);
    expire();
    take_offer(key);
    const auto group = groups_.try_emplace(Bytes(group_of(key))).first;
    // If it is kept it ends at once.
    const Held held{++last_fence_, clock_.steady(), true};
    if (!group->second.held.emplace(Bytes(key), held).second) return false;
    ++held_count_;
    return true;
}

void LeaseTable::kept(std::string_view key) {
    const std::lock_guard lock(mutex_);
    const auto group = groups_.find(group_of(key));
    if (group == groups_.end()) return;
    const auto held = group->second.held.find(key);
    if (held == group->second.held.end()) return;
    held->second.is_finishing = false;
    // Its expiry may have been passed over in the meantime.
    expiries_.emplace(held->second.expires, Bytes(key));
}

void LeaseTable::ended(std::string_view key) {
    const std::lock_guard lock(mutex_);
    take_offer(key);
    const auto group = groups_.find(group_of(key));
    if (group == groups_.end()) return;
    if (group->second.scans > 0) group->second.ended.emplace(key);
    const auto held = group->second.held.find(key);
    if (held == group->second.held.end()) return;
    group->second.held.erase(held);
    --held_count_;
    tidy(group);
}

void LeaseTable::ended_range(std::string_view from, std::string_view to) {
    std::vector<Bytes> keys;
    {
        const std::lock_guard lock(mutex_);
        offers_.keys.clear();
        for (const auto& [name, group] : groups_)
            for (const auto& [key, held] : group.held)
                if (key >= from && (to.empty() || key < to)) keys.push_back(key);
    }
    for (const Bytes& key : keys) ended(key);
}

void LeaseTable::scheduled(std::string_view key) {
    const std::lock_guard lock(mutex_);
    const auto group = groups_.find(group_of(key));
    if (group == groups_.end()) return;
    group->second.ended.erase(Bytes(key));
    lower(group->second, key);
}

void LeaseTable::offered(std::string_view key) {
    const std::lock_guard lock(mutex_);
    if (offers_.order.size() >= limits::offered_items_max) {
        take_offer(offers_.order.front());
        offers_.order.pop_front();
    }
    offers_.keys.emplace(key);
    offers_.order.emplace_back(key);
}

}  // namespace pidge::store
