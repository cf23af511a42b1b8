// Committer: one thread that takes all changes waiting at a moment, evaluates them in order against
// the table and each other, writes them as one batch with one sync, and wakes whoever waits. A
// change whose check fails, or that cannot be carried out, drops out alone.
//
// Thread-safe. After a write that failed nothing more is written (store.h, Fault failed).
#pragma once

#include <atomic>
#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "system/net/completion.h"
#include "system/store/change.h"
#include "system/store/evaluation.h"
#include "system/store/lease_table.h"
#include "system/store/table.h"

namespace pidge::store {

class Committer {
 public:
    using Done = std::shared_ptr<net::Completion<CommitOutcome>>;

    Committer(Table& table, LeaseTable& leases, const Clock& clock);
    ~Committer();  // commits what waits
    Committer(const Committer&) = delete;
    Committer& operator=(const Committer&) = delete;

    void on_hint(std::function<void(const Bytes&)> listener) { listener_ = std::move(listener); }

    // Throws Fault when the store has failed or too much waits already.
    Done submit(Change change);
    // Whether there was room. Its failures are logged.
    bool submit_soon(Change change);

    enum class State : std::uint8_t { working, full, failed };
    State state() const { return state_.load(std::memory_order_acquire); }
    void set_recovered();         // full no more
    void set_failed();            // a write elsewhere failed: final
    std::string failure() const;  // why it is full or has failed; for a person

 private:
    struct Pending {
        Change change;
        Done done;  // null: nobody waits
        std::size_t size_bytes = 0;
        std::optional<CommitOutcome> outcome;
        std::exception_ptr failure;
    };
    using Group = std::vector<Pending>;

    void enqueue(Pending pending);
    void run();
    bool take(Group& group);
    void commit(Group& group);
    void evaluate(Group& group, Overlay& overlay, Evaluation& evaluation);
    bool write(Group& group, const std::vector<Write>& writes);
    void settle_leases(const Evaluation& evaluation, const std::vector<Write>& writes,
                       bool is_written);
    void send_hints(const Group& group);
    void answer(Group& group);
    void fail(std::string why, State state);

    Table& table_;
    LeaseTable& leases_;
    const Clock& clock_;
    std::function<void(const Bytes&)> listener_;

    std::atomic<State> state_{State::working};
    mutable std::mutex failure_mutex_;
    std::string failure_;

    std::mutex mutex_;
    std::condition_variable work_;
    std::deque<Pending> waiting_;
    std::size_t waiting_bytes_ = 0;
    std::size_t waiting_now_ = 0;  // of them, how many somebody waits for
    bool is_asleep_ = false;
    bool is_stopping_ = false;
    std::thread thread_;
};

}  // namespace pidge::store
