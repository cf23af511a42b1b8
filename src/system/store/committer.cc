#include "system/store/committer.h"

#include <pthread.h>

#include <chrono>
#include <utility>

#include "base/check.h"
#include "base/log.h"
#include "base/metrics.h"
#include "system/store/due_key.h"
#include "system/store/kill_point.h"
#include "system/store/limits.h"
#include "system/store/sabotage.h"

namespace pidge::store {

namespace {

metrics::Counter committed_total{"pidge_store_commits_total", "Changes committed."};
metrics::Counter conflicts_total{"pidge_store_conflicts_total",
                                 "Changes refused by one of their checks."};
metrics::Counter groups_total{"pidge_store_groups_total",
                              "Writes with one sync, shared by all changes waiting."};
metrics::Counter dropped_total{
    "pidge_store_dropped_changes_total",
    "Changes nobody waited for that were dropped: no room, or they failed."};

constexpr log::Event write_failed{
    "store-write-failed", log::Level::error,
    "A write or sync of the store failed; nothing more is accepted.",
    "Look at the disk and the kernel's log, then restart pidge: it recovers from its log."};
constexpr log::Event store_full{
    "store-full", log::Level::error,
    "The disk of the store is full; nothing is accepted until there is space.",
    "Make space on the disk below the store; pidge goes on by itself."};
constexpr log::Event change_lost{"store-change-dropped", log::Level::warning,
                                 "A change that nobody waited for could not be committed.", ""};

Fault too_busy() {
    return {Fault::Why::unavailable, "the store is too busy: too many changes wait to be written"};
}

}  // namespace

Committer::Committer(Table& table, LeaseTable& leases, const Clock& clock)
    : table_(table), leases_(leases), clock_(clock), thread_([this] { run(); }) {}

Committer::~Committer() {
    {
        const std::lock_guard lock(mutex_);
        is_stopping_ = true;
    }
    work_.notify_one();
    thread_.join();
}

std::string Committer::failure() const {
    const std::lock_guard lock(failure_mutex_);
    return failure_;
}

void Committer::fail(std::string why, State state) {
    const State before = state_.load();
    if (before == State::failed || before == state) return;
    {
        const std::lock_guard lock(failure_mutex_);
        failure_ = std::move(why);
    }
    state_.store(state, std::memory_order_release);
    log::write(state == State::failed ? write_failed : store_full, {{"reason", failure()}});
}

void Committer::set_recovered() {
    State full = State::full;
    state_.compare_exchange_strong(full, State::working);
}

void Committer::set_failed() {
    fail("an upload could not be written", State::failed);
}

void Committer::enqueue(Pending pending) {
    bool wake = false;
    {
        const std::lock_guard lock(mutex_);
        if (is_stopping_) throw Fault(Fault::Why::unavailable, "the store is shutting down");
        const std::size_t count_max =
            pending.done ? limits::waiting_changes_max : limits::waiting_changes_max / 2;
        if (waiting_.size() >= count_max ||
            waiting_bytes_ + pending.size_bytes > limits::waiting_bytes_max)
            throw too_busy();
        waiting_bytes_ += pending.size_bytes;
        const bool is_urgent = pending.change.urgency() == Urgency::now;
        waiting_now_ += is_urgent ? 1 : 0;
        // A sleeping committer is woken by the first urgent change, and by the first of all to
        // begin its short delay.
        wake = is_asleep_ && ((is_urgent && waiting_now_ == 1) || waiting_.empty());
        waiting_.push_back(std::move(pending));
    }
    if (wake) work_.notify_one();
}

Committer::Done Committer::submit(Change change) {
    if (state() == State::failed)
        throw Fault(Fault::Why::failed,
                    "the store has failed and waits for a restart: " + failure());
    const std::size_t size = change.size_bytes();
    check(size <= limits::change_bytes_max &&
              change.operations().size() <= limits::change_operations_max,
          "a change is too large");
    auto done = std::make_shared<net::Completion<CommitOutcome>>();
    enqueue({.change = std::move(change), .done = done, .size_bytes = size});
    return done;
}

bool Committer::submit_soon(Change change) {
    if (state() == State::failed) {
        dropped_total.add();
        return false;
    }
    change.set_urgency(Urgency::soon);
    const std::size_t size = change.size_bytes();
    try {
        enqueue({.change = std::move(change), .size_bytes = size});
    } catch (const Fault&) {
        dropped_total.add();
        return false;
    }
    return true;
}

void Committer::run() {
    ::pthread_setname_np(::pthread_self(), "store-commit");
    Group group;
    while (take(group)) {
        commit(group);
        group.clear();
    }
}

bool Committer::take(Group& group) {
    std::unique_lock lock(mutex_);
    is_asleep_ = true;
    work_.wait(lock, [this] { return is_stopping_ || !waiting_.empty(); });
    if (waiting_now_ == 0 && !is_stopping_)
        work_.wait_for(lock, limits::soon_delay,
                       [this] { return is_stopping_ || waiting_now_ > 0; });
    is_asleep_ = false;
    std::size_t group_bytes = 0;
    while (!waiting_.empty() && group.size() < limits::group_changes_max) {
        Pending& first = waiting_.front();
        if (!group.empty() && group_bytes + first.size_bytes > limits::group_bytes_max) break;
        group_bytes += first.size_bytes;
        waiting_now_ -= first.change.urgency() == Urgency::now ? 1 : 0;
        group.push_back(std::move(first));
        waiting_.pop_front();
    }
    waiting_bytes_ -= group_bytes;
    return !group.empty();
}

void Committer::commit(Group& group) {
    Overlay overlay(table_);
    Evaluation evaluation(overlay, leases_, clock_.now());
    evaluate(group, overlay, evaluation);
    const std::vector<Write> writes = overlay.writes();
    const bool is_written = writes.empty() || write(group, writes);
    settle_leases(evaluation, writes, is_written);
    // First, so that whoever hears of the commit finds that nothing remembers what was before it.
    send_hints(group);
    answer(group);
}

void Committer::evaluate(Group& group, Overlay& overlay, Evaluation& evaluation) {
    for (Pending& pending : group) {
        try {
            pending.outcome = evaluation.run(pending.change);
        } catch (...) {
            overlay.undo();
            pending.failure = std::current_exception();
        }
    }
}

bool Committer::write(Group& group, const std::vector<Write>& writes) {
    std::exception_ptr failure;
    try {
        if (state() == State::failed)
            throw Fault(Fault::Why::failed, "the store has failed: " + this->failure());
        kill_point("store-before-write");
        if (is_sabotaged(Sabotage::audit_apart))
            write_audit_apart(table_, writes);
        else
            table_.write(writes, Durability::synced);
        groups_total.add();
        kill_point("store-after-sync");
        return true;
    } catch (const Fault& fault) {
        fail(fault.what(), fault.why == Fault::Why::full ? State::full : State::failed);
        failure = std::current_exception();
    } catch (const std::exception& error) {
        fail(error.what(), State::failed);
        failure = std::make_exception_ptr(Fault(Fault::Why::failed, error.what()));
    }
    // Those that were refused too: their answer may rest on what was not written.
    for (Pending& pending : group) {
        pending.outcome.reset();
        pending.failure = failure;
    }
    return false;
}

void Committer::settle_leases(const Evaluation& evaluation, const std::vector<Write>& writes,
                              bool is_written) {
    for (const Bytes& key : evaluation.finished())
        is_written ? leases_.ended(key) : leases_.kept(key);
    if (!is_written) return;
    for (const Write& write : writes) {
        if (write.space() != Space::due) continue;
        const std::string_view key = write.key.substr(1);
        switch (write.kind) {
            case Write::Kind::put:
                leases_.scheduled(key);
                break;
            case Write::Kind::erase:
                leases_.ended(key);
                break;
            case Write::Kind::erase_range: {
                const bool to_the_end = write.value.size() == 1;
                leases_.ended_range(key, to_the_end ? std::string_view() : write.value.substr(1));
                break;
            }
        }
    }
}

void Committer::answer(Group& group) {
    net::Wakes wakes;
    for (Pending& pending : group) {
        const bool is_good = pending.outcome && pending.outcome->has_value();
        if (is_good) committed_total.add();
        if (pending.outcome && !is_good) conflicts_total.add();
        if (!pending.done) {
            if (!is_good) {
                dropped_total.add();
                log::write(change_lost, {{"reason", pending.outcome ? "conflict" : "fault"}});
            }
        } else if (pending.failure) {
            pending.done->fail(pending.failure, wakes);
        } else {
            pending.done->complete(*std::move(pending.outcome), wakes);
        }
    }
}

void Committer::send_hints(const Group& group) {
    if (!listener_) return;
    for (const Pending& pending : group)
        if (pending.outcome && pending.outcome->has_value())
            for (const Bytes& subject : pending.change.hints()) listener_(subject);
}

}  // namespace pidge::store
