// Membership: this node among those on the store. Joins, keeps its row fresh (each write only on
// top of the one before, so that two runs under one name cannot both believe they are it), follows
// what administrators wish and which format of records may be written, and says good-bye.
//
//   auto membership = TRY(net::run(Membership::join(…)));
//   net::spawn(loop, "membership", membership->run());
//
// Thread-safe, except run(), which is spawned once. The store and the clock outlive it, and it
// outlives its task: end() and then stop the loop.
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/result.h"
#include "system/nodes/level.h"
#include "system/nodes/limits.h"
#include "system/nodes/node.h"
#include "system/nodes/process.h"
#include "system/store/store.h"

namespace pidge::nodes {

enum class Sharing : std::uint8_t { alone, shared };  // whether other nodes use the store too

struct MembershipOptions {
    Node node;  // name, version, host, roles, addresses, process; the rest is filled in
    Sharing sharing = Sharing::alone;
    std::function<Life(std::string_view process)> life = life_of;  // another one for tests
};

class Membership {
 public:
    // Refuses, for the administrator: the store holds records of a format that this program cannot
    // read; another machine, or another process of this one, runs under this name. Where it cannot
    // be told whether that process has ended, its row is watched until it would be down.
    static net::Task<Result<std::unique_ptr<Membership>>> join(store::Store& store,
                                                               const Clock& clock,
                                                               MembershipOptions options);

    // Beats until end(). Once a beat, and whenever look() is called.
    net::Task<void> run();
    void look() { is_look_wanted_ = true; }
    void end() { is_ended_ = true; }

    // The state that the row tells with the next beat.
    void set_state(State state);
    Wish wish() const { return wish_; }
    std::string name() const { return options_.node.name; }

    // Why this node must not go on, for the administrator; empty: it may. Someone else has taken
    // its name, or the store has come to hold what it cannot read.
    std::string fate() const;
    // Its last word with the store is so long ago that clients are better served elsewhere.
    bool is_cut_off() const;

    // The row says that this node is gone. After end().
    net::Task<void> leave();

    // What one node does for all (leadership.h): raises the level where every node that counts can
    // read the next format, and forgets nodes that are long gone.
    net::Task<void> tend_all(std::function<void(store::Change&)> guard);
    net::Task<void> beat();  // one beat; for tests, run() does it by itself

 private:
    Membership(store::Store& store, const Clock& clock, MembershipOptions options);
    enum class Attempt : std::uint8_t { joined, raced, doubtful };
    net::Task<Result<Attempt>> try_join();
    Result<Attempt> judge(const Node& before, WallTime now);
    net::Task<void> look_again();
    void follow(const Level& level);
    void set_fate(std::string text);
    Refusal too_new(const Level& level) const;
    std::chrono::seconds interval() const;

    store::Store& store_;
    const Clock& clock_;
    const MembershipOptions options_;
    Node node_;  // as written last; by the beating task only
    std::atomic<State> state_ = State::up;
    std::atomic<Wish> wish_ = Wish::serve;
    std::atomic<SteadyTime::rep> last_word_;  // with the store
    std::atomic<bool> is_look_wanted_ = false, is_ended_ = false;
    std::optional<Node> doubted_;  // an earlier run's row, as it was first seen; while joining
    mutable std::mutex mutex_;
    std::string fate_;
};

}  // namespace pidge::nodes
