// Committer: takes all changes waiting at a moment, has them carried out as one group with one sync
// (group_writer.h), and wakes whoever waits. A change whose check fails, or that cannot be carried
// out, drops out alone. One thread for each writer; with several, groups overtake each other.
//
// Thread-safe. After a write that failed nothing more is written (store.h, Fault failed); a store
// that is full or cannot be reached is tried again.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "system/store/change.h"
#include "system/store/group_writer.h"
#include "system/store/hands.h"
#include "system/store/store.h"

namespace pidge::store {

class Committer {
 public:
    using Done = std::shared_ptr<net::Completion<CommitOutcome>>;

    // Without hands each writer has a thread of its own; hands outlive the committer, and use the
    // first writer only.
    explicit Committer(std::vector<std::unique_ptr<GroupWriter>> writers, Hands* hands = nullptr);
    ~Committer();  // commits what waits
    Committer(const Committer&) = delete;
    Committer& operator=(const Committer&) = delete;

    void on_hint(std::function<void(const Bytes&)> listener) { listener_ = std::move(listener); }

    // Throws Fault when the store has failed or too much waits already.
    Done submit(Change change);
    // Whether there was room. Its failures are logged.
    bool submit_soon(Change change);

    enum class State : std::uint8_t { working, full, away, failed };
    State state() const { return state_.load(std::memory_order_acquire); }
    void set_recovered(State from);  // full or away no more
    void set_full(std::string why);  // a write elsewhere found no space
    void set_failed();               // a write elsewhere failed: final
    std::string failure() const;     // why it is not working; for a person

 private:
    using Group = std::vector<PendingChange>;
    // What a thread remembers of the group that it wrote last.
    struct LastGroup {
        std::size_t changes_now = 0;  // that somebody waited for
        std::chrono::steady_clock::duration write_time{};
    };

    void enqueue(PendingChange pending);
    void run(GroupWriter& writer);
    void step();  // what a thread does in one round, for hands
    bool take(Group& group, LastGroup& last);
    void gather(std::unique_lock<std::mutex>& lock, const LastGroup& last);
    void fill(Group& group, LastGroup& last);
    void commit(GroupWriter& writer, Group& group);
    void send_hints(const Group& group);
    void answer(Group& group);
    void fail(std::string why, State state);

    const std::vector<std::unique_ptr<GroupWriter>> writers_;
    Hands* const hands_;
    std::function<void(const Bytes&)> listener_;

    std::atomic<State> state_{State::working};
    mutable std::mutex failure_mutex_;
    std::string failure_;

    std::mutex mutex_;
    std::condition_variable work_;
    std::deque<PendingChange> waiting_;
    std::size_t waiting_bytes_ = 0;
    std::size_t waiting_now_ = 0;  // of them, how many somebody waits for
    std::size_t wanted_now_ = 1;   // so many wake a committer that is asleep
    std::size_t asleep_ = 0;       // threads
    bool is_asked_ = false;        // hands were asked for a step and have not done it
    bool is_stopping_ = false;
    std::vector<std::thread> threads_;
};

}  // namespace pidge::store
