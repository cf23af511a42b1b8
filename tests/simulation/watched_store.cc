#include "simulation/watched_store.h"

#include <fmt/format.h>

#include "base/text.h"
#include "system/store/due_key.h"

namespace pidge::simulation {

using store::Change;
using Kind = Change::Operation::Kind;

namespace {

Bytes key_of(const store::Lease& lease) {
    return store::due_key(lease.group, lease.due, lease.item);
}

// The same change, but what is finished is simply erased.
Change without_fences(Change change) {
    Change naive;
    for (Change::Operation& operation : change.take_operations()) {
        switch (operation.kind) {
            case Kind::put:
                naive.put(operation.space, operation.key, operation.value, operation.holes);
                break;
            case Kind::erase:
                naive.erase(operation.space, operation.key);
                break;
            case Kind::append:
                naive.append(operation.key, operation.value);
                break;
            case Kind::hold:
                naive.hold(*operation.blob);
                break;
            case Kind::drop:
                naive.drop(*store::BlobId::from_bytes(operation.key));
                break;
            case Kind::finish:
                naive.erase(store::Space::due, key_of(*operation.lease));
                break;
            default:
                break;
        }
    }
    return naive;
}

}  // namespace

void WatchedStore::watch_lease(const store::Lease& lease, SteadyTime until) {
    if (!fences_.insert(lease.fence).second)
        watcher_.complain(fmt::format("fence {} was handed out twice", lease.fence));
    Held& held = held_[key_of(lease)];
    if (held.fence != 0 && held.until > clock_.steady())
        watcher_.complain(
            fmt::format("{} was leased while somebody held it", text::hex(lease.item)));
    held = {lease.fence, until};
}

void WatchedStore::watch_finish(const store::Lease& lease, SteadyTime submitted) {
    const auto held = held_.find(key_of(lease));
    if (held == held_.end() || held->second.fence != lease.fence)
        return watcher_.complain(
            fmt::format("an outcome of {} was committed under fence {}, which holds it "
                        "no more",
                        text::hex(lease.item), lease.fence));
    if (held->second.until < submitted)
        watcher_.complain(fmt::format("an outcome of {} was committed after its lease had ended",
                                      text::hex(lease.item)));
    held_.erase(held);
}

void WatchedStore::watch_refusal(const std::vector<store::Lease>& leases) {
    bool is_right = leases.empty();
    for (const store::Lease& lease : leases) {
        const auto held = held_.find(key_of(lease));
        if (held != held_.end() && held->second.fence == lease.fence &&
            held->second.until > clock_.steady())
            continue;
        is_right = true;
        watcher_.came_too_late(lease.item);
    }
    if (!is_right) watcher_.complain("an outcome was refused although its lease was held");
}

net::Task<std::expected<store::Committed, store::Conflict>> WatchedStore::commit(Change change) {
    std::vector<store::Lease> finished;
    for (const Change::Operation& operation : change.operations())
        if (operation.kind == Kind::finish) finished.push_back(*operation.lease);
    const SteadyTime submitted = clock_.steady();
    if (betrayal_ == Betrayal::answers_at_once) {
        below_->commit_soon(std::move(change));
        co_return store::Committed{};
    }
    if (betrayal_ == Betrayal::ignores_fence && !finished.empty())
        change = without_fences(std::move(change));
    auto outcome = co_await below_->commit(std::move(change));
    if (outcome)
        for (const store::Lease& lease : finished) watch_finish(lease, submitted);
    else
        watch_refusal(finished);
    co_return outcome;
}

void WatchedStore::commit_soon(Change change) {
    for (const Change::Operation& operation : change.operations())
        if (operation.kind == Kind::finish) held_.erase(key_of(*operation.lease));
    below_->commit_soon(std::move(change));
}

net::Task<std::vector<store::Lease>> WatchedStore::lease(store::DueGroup group, WallTime now,
                                                         std::size_t limit,
                                                         std::chrono::seconds duration) {
    const SteadyTime asked = clock_.steady();
    auto leases = co_await below_->lease(group, now, limit, duration);
    for (const store::Lease& lease : leases) watch_lease(lease, asked + duration);
    co_return leases;
}

net::Task<std::optional<store::Lease>> WatchedStore::lease_item(store::DueGroup group, WallTime due,
                                                                Bytes item,
                                                                std::chrono::seconds duration) {
    const SteadyTime asked = clock_.steady();
    auto lease = co_await below_->lease_item(group, due, std::move(item), duration);
    if (lease) watch_lease(*lease, asked + duration);
    co_return lease;
}

net::Task<void> WatchedStore::release(std::vector<store::Lease> leases) {
    for (const store::Lease& lease : leases) {
        const auto held = held_.find(key_of(lease));
        if (held != held_.end() && held->second.fence == lease.fence) held_.erase(held);
    }
    co_await below_->release(std::move(leases));
}

}  // namespace pidge::simulation
