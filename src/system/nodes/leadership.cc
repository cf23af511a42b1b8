#include "system/nodes/leadership.h"

#include "base/check.h"
#include "system/store/octets.h"

namespace pidge::nodes {

namespace {

using store::Change;
using store::Space;

constexpr std::size_t holder_size = 16;

Bytes holder_key(const std::string& work) {
    return "h" + work;
}
Bytes until_key(const std::string& work) {
    return "u" + work;
}

Bytes number_octets(std::uint64_t number) {
    Bytes octets;
    store::append_u64(octets, number);
    return octets;
}

std::uint64_t fence_of(const std::optional<Bytes>& row) {
    if (!row || row->size() != holder_size + 8) return 0;
    return store::read_u64(row->data() + holder_size);
}

WallTime until_of(const std::optional<Bytes>& row) {
    if (!row || row->size() != 8) return WallTime();
    return WallTime(
        std::chrono::microseconds(static_cast<std::int64_t>(store::read_u64(row->data()))));
}

void check_same(Change& change, Bytes key, const std::optional<Bytes>& value) {
    if (value)
        change.check_equals(Space::lease, std::move(key), *value);
    else
        change.check_absent(Space::lease, std::move(key));
}

}  // namespace

Leadership::Leadership(store::Store& store, const Clock& clock, std::string work, Bytes holder,
                       std::chrono::seconds duration)
    : store_(store),
      clock_(clock),
      work_(std::move(work)),
      holder_(std::move(holder)),
      duration_(duration) {
    check(holder_.size() == holder_size, "a leader has a name of 16 octets");
}

net::Task<bool> Leadership::commit(Change change, Bytes claim, SteadyTime begun) {
    const bool is_done = (co_await store_.commit(std::move(change))).has_value();
    const std::lock_guard lock(mutex_);
    claim_ = is_done ? std::move(claim) : Bytes();
    until_ = is_done ? (begun + duration_).time_since_epoch().count() : 0;
    co_return is_done;
}

net::Task<bool> Leadership::keep() {
    const SteadyTime begun = clock_.steady();
    const WallTime now = co_await store_.now();
    const auto rows = co_await store_.multi_get(
        {{Space::lease, holder_key(work_)}, {Space::lease, until_key(work_)}});
    const std::optional<Bytes>&holder = rows[0], &until = rows[1];
    const bool is_ours = holder && holder->starts_with(holder_);
    if (!is_ours && until_of(until) > now) {
        const std::lock_guard lock(mutex_);
        claim_.clear();
        until_ = 0;
        co_return false;
    }
    Bytes claim = is_ours ? *holder : holder_ + number_octets(fence_of(holder) + 1);
    Change change;
    check_same(change, holder_key(work_), holder);
    check_same(change, until_key(work_), until);
    if (!is_ours) change.put(Space::lease, holder_key(work_), claim);
    const WallTime end = now + duration_;
    change.put(Space::lease, until_key(work_),
               number_octets(static_cast<std::uint64_t>(end.time_since_epoch().count())));
    co_return co_await commit(std::move(change), std::move(claim), begun);
}

bool Leadership::leads() const {
    return clock_.steady() < SteadyTime(SteadyTime::duration(until_.load()));
}

void Leadership::guard(Change& change) const {
    const std::lock_guard lock(mutex_);
    change.check_equals(Space::lease, holder_key(work_), claim_);
}

net::Task<void> Leadership::hand_back() {
    Bytes claim;
    {
        const std::lock_guard lock(mutex_);
        claim = std::exchange(claim_, Bytes());
        until_ = 0;
    }
    if (claim.empty()) co_return;
    Change change;
    change.check_equals(Space::lease, holder_key(work_), std::move(claim));
    change.put(Space::lease, until_key(work_), number_octets(0));
    // Where the check fails somebody else leads already.
    (void)(co_await store_.commit(std::move(change))).has_value();
}

}  // namespace pidge::nodes
