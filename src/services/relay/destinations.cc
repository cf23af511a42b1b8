#include "services/relay/destinations.h"

#include <algorithm>
#include <cstring>

#include "base/check.h"

namespace pidge::relay {

using std::chrono::microseconds;
using std::chrono::milliseconds;

namespace {

// Further ahead than any retry is planned: either somebody wants it sent late, or the clock was
// ahead when it was planned.
constexpr microseconds far_ahead = std::chrono::hours(12);
constexpr microseconds step_back = std::chrono::minutes(1);

}  // namespace

bool has_gone_back(const Now& from, const Now& to) {
    const auto passed = std::chrono::duration_cast<microseconds>(to.steady - from.steady);
    return to.wall - from.wall + step_back < passed;
}

std::size_t Destinations::GroupHash::operator()(const Group& group) const {
    std::size_t hash = 0;  // the octets are of a hash already
    std::memcpy(&hash, group.octets.data(), std::min(sizeof hash, group.octets.size()));
    return hash;
}

Destinations::Destinations(DestinationOptions options)
    : options_([&] {
          options.workers_first =
              std::min(options.workers_first, options.workers_per_destination_max);
          return options;
      }()) {}

Destinations::State* Destinations::find(Group group) {
    const auto found = states_.find(group);
    return found == states_.end() ? nullptr : &found->second;
}

Destinations::State& Destinations::get(Group group) {
    State* state = find(group);
    check(state != nullptr && state->running > 0, "a worker's destination is in the table");
    return *state;
}

bool Destinations::is_due(const State& state, Now now) const {
    if (state.earliest <= now.wall) return true;
    return state.earliest != WallTime::max() && state.earliest > now.wall + far_ahead &&
           state.earliest != state.looked_at;
}

bool Destinations::can_start(const State& state, Now now) const {
    if (stopped_ || is_paused(state, now)) return false;
    const std::size_t window = state.failures > 0 ? 1 : static_cast<std::size_t>(state.window);
    if (state.running >= std::max<std::size_t>(window, 1)) return false;
    if (state.jobs.size() > state.starting) return true;
    // One worker looks what there is; more follow when there is more.
    return is_due(state, now) && !state.is_leasing && state.starting == 0 && state.idlers.empty();
}

bool Destinations::is_full(Wish wish) const {
    return running_ >= (wish == first ? options_.workers_max : options_.workers_max / 2);
}

// Puts the destination where it is found when its time has come.
void Destinations::place(Group group, State& state, Now now) {
    if (state.later_key != WallTime::max()) later_.erase({state.later_key, group});
    state.later_key = WallTime::max();
    if (can_start(state, now)) {
        // What it waited for before is passed over when its turn comes.
        if (!state.in_ready || state.ready_as != wish_of(state))
            ready_[wish_of(state)].push_back(group);
        state.in_ready = true;
        state.ready_as = wish_of(state);
        return;
    }
    if (is_paused(state, now)) {
        if (!state.in_paused) paused_.insert({state.paused_until, group});
        state.in_paused = true;
        return;
    }
    if (state.earliest == WallTime::max() || is_due(state, now)) return;
    state.later_key = state.earliest;
    later_.insert({state.later_key, group});
}

void Destinations::promote(Now now) {
    const bool stepped_back = last_ && has_gone_back(*last_, now);
    last_ = now;
    if (stepped_back) {
        for (auto& [group, state] : states_) place(group, state, now);
    }
    while (!later_.empty() && later_.begin()->first <= now.wall) {
        const Group group = later_.begin()->second;
        place(group, states_.at(group), now);
        check(later_.empty() || later_.begin()->second != group || later_.begin()->first > now.wall,
              "what is due has left the later set");
    }
    while (!paused_.empty() && paused_.begin()->first <= now.steady) {
        const Group group = paused_.begin()->second;
        paused_.erase(paused_.begin());
        State* state = find(group);
        if (state == nullptr) continue;
        state->in_paused = false;
        place(group, *state, now);
        forget_if_done(group, now);
    }
}

Destinations::State* Destinations::find_or_add(Group group) {
    if (State* const state = find(group)) return state;
    if (states_.size() >= limits::destinations_max) {
        overflowed_ = true;
        return nullptr;
    }
    State& state = states_[group];
    state.window = static_cast<double>(options_.workers_first);
    return &state;
}

std::shared_ptr<Idler> Destinations::hand_out_idler(State& state) {
    auto idler = std::move(state.idlers.back());
    state.idlers.pop_back();
    ++state.starting;
    return idler;
}

std::shared_ptr<Idler> Destinations::wake(State& state, Group group, WallTime due, Now now) {
    state.earliest = std::min(state.earliest, due);
    if (is_due(state, now) && !state.idlers.empty() && !state.is_leasing)
        return hand_out_idler(state);
    place(group, state, now);
    return nullptr;
}

std::shared_ptr<Idler> Destinations::wake(Group group, WallTime due, Now now) {
    const std::lock_guard lock(mutex_);
    State* const state = find_or_add(group);
    return state == nullptr ? nullptr : wake(*state, group, due, now);
}

std::shared_ptr<Idler> Destinations::offer(Group group, Job job, Now now) {
    const std::lock_guard lock(mutex_);
    State* const state = find_or_add(group);
    if (state == nullptr) return nullptr;
    const bool is_next = state->earliest == WallTime::max() && !state->is_leasing &&
                         job.lease.due <= now.wall && !is_paused(*state, now) && !stopped_;
    if (!is_next || offered_ >= limits::offered_max ||
        state->jobs.size() >= limits::offered_per_destination_max)
        return wake(*state, group, job.lease.due, now);
    ++offered_;
    state->jobs.push_back(std::move(job));
    if (!state->idlers.empty()) return hand_out_idler(*state);
    place(group, *state, now);
    return nullptr;
}

std::optional<Destinations::Group> Destinations::start(Now now) {
    const std::lock_guard lock(mutex_);
    promote(now);
    if (stopped_) return std::nullopt;
    // In turn, so that a crowd of the one kind does not hold up the other.
    turn_ = turn_ == first ? further : first;
    if (auto group = start_from(turn_, now)) return group;
    return start_from(turn_ == first ? further : first, now);
}

std::optional<Destinations::Group> Destinations::start_from(Wish wish, Now now) {
    while (!ready_[wish].empty() && !is_full(wish)) {
        const Group group = ready_[wish].front();
        ready_[wish].pop_front();
        State* const found = find(group);
        if (found == nullptr || !found->in_ready || found->ready_as != wish) continue;
        State& state = *found;
        state.in_ready = false;
        if (!can_start(state, now) || wish_of(state) != wish) {
            place(group, state, now);
            forget_if_done(group, now);
            continue;
        }
        served_ += state.running == 0 ? 1 : 0;
        ++running_;
        ++state.running;
        ++state.starting;
        place(group, state, now);
        return group;
    }
    return std::nullopt;
}

milliseconds Destinations::until_next(Now now) {
    const std::lock_guard lock(mutex_);
    auto wait = std::chrono::duration_cast<microseconds>(limits::tick_longest);
    if (!later_.empty()) wait = std::min(wait, later_.begin()->first - now.wall);
    if (!paused_.empty())
        wait = std::min(
            wait, std::chrono::duration_cast<microseconds>(paused_.begin()->first - now.steady));
    return std::chrono::ceil<milliseconds>(std::max(wait, microseconds(0)));
}

void Destinations::settle_in(Group group) {
    const std::lock_guard lock(mutex_);
    State& state = get(group);
    check(state.starting > 0, "a worker settles in once");
    --state.starting;
}

std::optional<Job> Destinations::take(Group group) {
    const std::lock_guard lock(mutex_);
    State& state = get(group);
    if (stopped_ || state.jobs.empty()) return std::nullopt;
    Job job = std::move(state.jobs.front());
    state.jobs.pop_front();
    offered_ -= job.is_offered ? 1 : 0;
    return job;
}

void Destinations::put_back(Group group, Job job, Now now) {
    const std::lock_guard lock(mutex_);
    State& state = get(group);
    state.jobs.push_front(std::move(job));
    place(group, state, now);
}

std::optional<WallTime> Destinations::begin_lease(Group group, Now now) {
    const std::lock_guard lock(mutex_);
    State& state = get(group);
    if (stopped_ || state.is_leasing || !is_due(state, now)) return std::nullopt;
    state.is_leasing = true;
    state.leasing_from = state.earliest;
    state.earliest = WallTime::max();
    place(group, state, now);
    return std::max(state.leasing_from, now.wall);
}

std::vector<std::shared_ptr<Idler>> Destinations::leased(Group group, std::vector<Job> jobs,
                                                         Left left, Now now) {
    const std::lock_guard lock(mutex_);
    State& state = get(group);
    state.is_leasing = false;
    std::ranges::move(jobs, std::back_inserter(state.jobs));
    if (left == Left::perhaps)
        state.earliest = std::min(state.earliest, state.leasing_from);
    else
        mark_stale(group, state);
    std::vector<std::shared_ptr<Idler>> woken;
    while (!state.idlers.empty() && state.jobs.size() > woken.size()) {
        woken.push_back(hand_out_idler(state));
    }
    place(group, state, now);
    return woken;
}

void Destinations::not_due(Group group, WallTime due, Now now) {
    const std::lock_guard lock(mutex_);
    State& state = get(group);
    state.earliest = std::min(state.earliest, due);
    // The earliest alone is what is_due() looks at: others that were looked at count for nothing.
    if (state.earliest == due) state.looked_at = due;
    place(group, state, now);
}

bool Destinations::others_wait(Wish wish) const {
    return !ready_[wish].empty() && is_full(wish);
}

bool Destinations::should_yield(Group group, std::uint32_t messages) {
    const std::lock_guard lock(mutex_);
    if (stopped_) return true;
    const std::size_t wanting = served_ + ready_[first].size();
    const std::size_t share = std::max<std::size_t>(1, options_.workers_max / (wanting + 1));
    const bool is_over_share = get(group).running > share;
    if (others_wait(first)) return is_over_share || messages >= options_.turn_messages;
    return others_wait(further) && is_over_share;
}

void Destinations::opened(Group group) {
    const std::lock_guard lock(mutex_);
    ++get(group).lines;
}

void Destinations::closed(Group group) {
    const std::lock_guard lock(mutex_);
    State& state = get(group);
    check(state.lines > 0, "a line that closes was opened");
    --state.lines;
}

void Destinations::reached(Group group, Now now) {
    const std::lock_guard lock(mutex_);
    State& state = get(group);
    state.failures = 0;
    state.paused_until = SteadyTime::min();
    const auto most = static_cast<double>(options_.workers_per_destination_max);
    if (state.window < most) {
        state.window = std::min(most, state.window + 2 / state.window);
        place(group, state, now);
    }
}

void Destinations::lift_pause(Group group, Now now) {
    const std::lock_guard lock(mutex_);
    State* state = find(group);
    if (state == nullptr) return;
    state->paused_until = SteadyTime::min();
    place(group, *state, now);
}

void Destinations::strained(Group group, Now now) {
    const std::lock_guard lock(mutex_);
    State& state = get(group);
    state.window = std::max(1.0, state.window / 2);
    place(group, state, now);
}

Destinations::Reach Destinations::unreachable(Group group, Now now) {
    const std::lock_guard lock(mutex_);
    State& state = get(group);
    if (state.lines > 0) {
        state.window = std::max(1.0, state.window / 2);
        return Reach::busy;
    }
    if (is_paused(state, now)) return Reach::dead;  // another worker was as unlucky
    milliseconds pause = options_.pause_first;
    for (std::uint32_t i = 0; i < state.failures && pause < options_.pause_longest; ++i) pause *= 2;
    ++state.failures;
    state.paused_until = now.steady + std::min(pause, options_.pause_longest);
    state.window = static_cast<double>(options_.workers_first);
    place(group, state, now);
    return Reach::dead;
}

Destinations::Rest Destinations::idle(Group group, std::shared_ptr<Idler> idler, Now now) {
    const std::lock_guard lock(mutex_);
    State& state = get(group);
    if (stopped_) return Rest::must_leave;
    if (!state.jobs.empty() || (is_due(state, now) && !state.is_leasing)) return Rest::has_work;
    if (others_wait(first) || (others_wait(further) && state.running > 1)) return Rest::must_leave;
    state.idlers.push_back(std::move(idler));
    return Rest::waits;
}

bool Destinations::leave_idle(Group group, const Idler* idler) {
    const std::lock_guard lock(mutex_);
    State& state = get(group);
    return std::erase_if(state.idlers, [&](const auto& i) { return i.get() == idler; }) > 0;
}

std::vector<Job> Destinations::end(Group group, Now now) {
    const std::lock_guard lock(mutex_);
    State& state = get(group);
    --state.running;
    --running_;
    std::vector<Job> left;
    if (state.running == 0) {
        --served_;
        if (stopped_ || is_paused(state, now)) {
            for (Job& job : state.jobs) {
                state.earliest = std::min(state.earliest, job.lease.due);
                offered_ -= job.is_offered ? 1 : 0;
                left.push_back(std::move(job));
            }
            state.jobs.clear();
        }
    }
    place(group, state, now);
    forget_if_done(group, now);
    return left;
}

void Destinations::forget_if_done(Group group, Now now) {
    const State* state = find(group);
    if (state == nullptr || state->running > 0 || !state->jobs.empty() || state->in_stale) return;
    if (state->earliest != WallTime::max() || is_paused(*state, now)) return;
    if (state->in_ready) return;  // looked at again when its turn comes
    states_.erase(group);
}

void Destinations::mark_stale(Group group, State& state) {
    if (state.in_stale) return;
    state.in_stale = true;
    stale_.push_back(group);
}

std::vector<Destinations::Group> Destinations::take_stale(std::size_t limit) {
    const std::lock_guard lock(mutex_);
    std::vector<Group> taken;
    while (!stale_.empty() && taken.size() < limit) {
        taken.push_back(stale_.front());
        stale_.pop_front();
        states_.at(taken.back()).in_stale = false;
    }
    return taken;
}

void Destinations::refreshed(Group group, std::optional<WallTime> earliest, Now now) {
    const std::lock_guard lock(mutex_);
    // Its last worker may have ended while the store was asked, and it was forgotten.
    State* const state = earliest ? find_or_add(group) : find(group);
    if (state == nullptr) return;
    if (earliest && *earliest < state->earliest) {
        state->earliest = *earliest;
        place(group, *state, now);
    }
    forget_if_done(group, now);
}

void Destinations::stop() {
    const std::lock_guard lock(mutex_);
    stopped_ = true;
    for (auto& [group, state] : states_) {
        for (const auto& idler : state.idlers) {
            ++state.starting;
            idler->wake();
        }
        state.idlers.clear();
    }
}

bool Destinations::is_stopped() const {
    const std::lock_guard lock(mutex_);
    return stopped_;
}

Destinations::Counts Destinations::count_quickly() const {
    return {.destinations = states_.size(),
            .running = running_,
            .paused = paused_.size(),
            .waiting = ready_[first].size() + ready_[further].size(),
            .overflowed = overflowed_};
}

Destinations::Counts Destinations::quick_counts() const {
    const std::lock_guard lock(mutex_);
    return count_quickly();
}

Destinations::Counts Destinations::counts() const {
    const std::lock_guard lock(mutex_);
    Counts counts = count_quickly();
    WallTime earliest = WallTime::max();
    for (const auto& [group, state] : states_) {
        counts.idle += state.idlers.size();
        counts.leased += state.jobs.size();
        earliest = std::min(earliest, state.earliest);
    }
    if (earliest != WallTime::max()) counts.earliest = earliest;
    return counts;
}

void Destinations::sweep_begins() {
    const std::lock_guard lock(mutex_);
    overflowed_ = false;
}

}  // namespace pidge::relay
