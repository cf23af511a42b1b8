// Destinations: which destination is served next. Pure bookkeeping without waiting or clock: the
// scheduler asks and tells, a test does the same. Thread-safe.
//
// Each destination has a window of workers (connections) that grows with success and shrinks with
// failure, and pauses with growing back-off when it cannot be reached. Workers over all
// destinations are bounded, and destinations that wait for a place are served in turn. A further
// worker is started for a destination only while half of the places are free: the other half is for
// those that have none, so that busy or slow destinations do not crowd them out.
//
//   unknown ──wake──▶ due later ──time──▶ ready ──start──▶ running ──▶ (more due: ready again)
//                                           ▲                 │ unreachable
//                                           └──── paused ◀────┘
#pragma once

#include <chrono>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "mail/queue/entry.h"
#include "services/relay/limits.h"
#include "system/store/lease.h"

namespace pidge::relay {

struct Now {
    WallTime wall;
    SteadyTime steady;
};
// Whether the wall clock went back by more than a minute from one moment to a later one.
bool has_gone_back(const Now& from, const Now& to);

// An entry that we hold a lease on, or shall ask for one when its turn comes.
struct Job {
    store::Lease lease;
    queue::Entry entry;
    SteadyTime leased;
    bool is_offered = false;  // accepted just now: the lease lacks its fence
};

// A worker that waits with an open connection. The table only keeps it; who takes it out wakes it.
class Idler {
 public:
    virtual ~Idler() = default;
    virtual void wake() = 0;  // any thread
};

struct DestinationOptions {
    std::size_t workers_max = 500;                 // over all destinations
    std::size_t workers_per_destination_max = 20;  // what one site is asked to bear
    std::size_t workers_first = 2;                 // before it has taken a message
    std::chrono::milliseconds pause_first = std::chrono::seconds(30);  // doubled each time, up to
    std::chrono::milliseconds pause_longest = std::chrono::minutes(10);
    std::uint32_t turn_messages = 100;  // then a worker makes place for a destination that waits
};

class Destinations {
 public:
    using Group = store::DueGroup;
    enum class Left : std::uint8_t { nothing, perhaps };  // due items in the store, after a lease

    explicit Destinations(DestinationOptions options);

    // Something of the group falls due. A worker that idles there is handed out, to be woken.
    std::shared_ptr<Idler> wake(Group group, WallTime due, Now now);

    // The same for an entry that was accepted just now. It is served from memory as long as nothing
    // older is known to wait for it in the store.
    std::shared_ptr<Idler> offer(Group group, Job job, Now now);

    // The next destination that gets another worker; it counts as running. Nullopt: none for now.
    std::optional<Group> start(Now now);
    // How long start() will have nothing new by itself.
    std::chrono::milliseconds until_next(Now now);

    // --- for a running worker; it settles in once, before anything else or after being woken ---
    void settle_in(Group group);
    std::optional<Job> take(Group group);  // of what is leased or offered and waits
    void put_back(Group group, Job job, Now now);
    // When it is worth leasing and this worker's turn to, the time to lease for: now, or later for
    // a group whose earliest item lies so far ahead that the clock may have stepped back. leased()
    // must follow.
    std::optional<WallTime> begin_lease(Group group, Now now);
    // Idlers that the jobs are for as well, to be woken.
    std::vector<std::shared_ptr<Idler>> leased(Group group, std::vector<Job> jobs, Left left,
                                               Now now);
    void not_due(Group group, WallTime due, Now now);  // it was looked at: the clock is right
    bool should_yield(Group group, std::uint32_t messages);
    void opened(Group group);  // a line
    void closed(Group group);
    void reached(Group group, Now now);   // a message was taken
    void strained(Group group, Now now);  // the other side wants less
    // No line could be opened. Dead: it pauses. Not so while other lines are open: then it wants
    // less.
    enum class Reach : std::uint8_t { dead, busy };
    Reach unreachable(Group group, Now now);
    // A worker that has nothing to do wants to wait with its line.
    enum class Rest : std::uint8_t { waits, has_work, must_leave };
    Rest idle(Group group, std::shared_ptr<Idler> idler, Now now);
    bool leave_idle(Group group, const Idler* idler);  // false: it was handed out already
    // The worker ends. What is returned waits for no one any more: give it back to the store.
    std::vector<Job> end(Group group, Now now);

    // --- knowledge of the store ---
    // Groups of which the earliest item is not known, to be asked of the store; then refreshed().
    std::vector<Group> take_stale(std::size_t limit);
    void refreshed(Group group, std::optional<WallTime> earliest, Now now);

    // An administrator wants it tried now.
    void lift_pause(Group group, Now now);

    void stop();  // nothing starts from now on
    bool is_stopped() const;

    struct Counts {
        std::size_t destinations = 0, running = 0, idle = 0, paused = 0, waiting = 0, leased = 0;
        bool overflowed = false;  // not all destinations are known here
        std::optional<WallTime> earliest;
    };
    Counts counts() const;        // looks at every destination
    Counts quick_counts() const;  // all but idle, leased and earliest
    void sweep_begins();          // forgets that it overflowed

 private:
    enum Wish : std::uint8_t { first = 0, further = 1 };  // which worker a destination waits for
    struct State {
        WallTime earliest = WallTime::max();   // of what is not leased, as far as known
        WallTime later_key = WallTime::max();  // in later_; max: not there
        WallTime looked_at = WallTime::min();  // far ahead, and rightly so
        SteadyTime paused_until = SteadyTime::min();
        bool in_paused = false, in_ready = false, in_stale = false;
        Wish ready_as = first;
        std::deque<Job> jobs;
        std::vector<std::shared_ptr<Idler>> idlers;
        std::size_t running = 0, starting = 0, lines = 0;
        bool is_leasing = false;
        WallTime leasing_from;
        double window = 1;
        std::uint32_t failures = 0;
    };
    struct GroupHash {
        std::size_t operator()(const Group& group) const;
    };

    State& get(Group group);
    State* find(Group group);
    State* find_or_add(Group group);  // null: there is no room
    std::shared_ptr<Idler> wake(State& state, Group group, WallTime due, Now now);
    std::shared_ptr<Idler> hand_out_idler(State& state);
    bool is_paused(const State& state, Now now) const { return state.paused_until > now.steady; }
    bool is_due(const State& state, Now now) const;
    bool can_start(const State& state, Now now) const;
    bool is_full(Wish wish) const;
    static Wish wish_of(const State& state) { return state.running == 0 ? first : further; }
    void place(Group group, State& state, Now now);
    void promote(Now now);
    std::optional<Group> start_from(Wish wish, Now now);
    void mark_stale(Group group, State& state);
    void forget_if_done(Group group, Now now);
    bool others_wait(Wish wish) const;
    Counts count_quickly() const;

    const DestinationOptions options_;
    mutable std::mutex mutex_;
    std::unordered_map<Group, State, GroupHash> states_;
    std::set<std::pair<WallTime, Group>> later_;
    std::set<std::pair<SteadyTime, Group>> paused_;
    std::deque<Group> ready_[2];  // by wish
    std::deque<Group> stale_;
    std::size_t running_ = 0;  // workers
    std::size_t offered_ = 0;  // jobs that are not leased yet
    std::size_t served_ = 0;   // destinations with workers
    Wish turn_ = first;
    std::optional<Now> last_;
    bool stopped_ = false, overflowed_ = false;
};

}  // namespace pidge::relay
