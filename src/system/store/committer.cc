#include "system/store/committer.h"

#include <pthread.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include "base/log.h"
#include "base/metrics.h"
#include "system/store/limits.h"

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
constexpr log::Event store_away{
    "store-away", log::Level::error,
    "The database of the store cannot be reached; nothing is accepted until it can.",
    "Look at the database servers and the network between; pidge goes on by itself."};
constexpr log::Event recovered{"store-works-again", log::Level::info,
                               "The store takes changes again.", ""};
constexpr log::Event change_lost{"store-change-dropped", log::Level::warning,
                                 "A change that nobody waited for could not be committed.", ""};

Fault too_busy() {
    return {Fault::Why::unavailable, "the store is too busy: too many changes wait to be written"};
}

Fault too_large() {
    return {Fault::Why::unavailable, "a change is too large to be committed at once"};
}

}  // namespace

Committer::Committer(std::vector<std::unique_ptr<GroupWriter>> writers, Hands* hands)
    : writers_(std::move(writers)), hands_(hands) {
    if (hands_) return;
    for (const auto& writer : writers_)
        threads_.emplace_back([this, each = writer.get()] { run(*each); });
}

Committer::~Committer() {
    {
        const std::lock_guard lock(mutex_);
        is_stopping_ = true;
    }
    work_.notify_all();
    for (std::thread& thread : threads_) thread.join();
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
    log::write(state == State::failed ? write_failed
               : state == State::full ? store_full
                                      : store_away,
               {{"reason", failure()}});
}

void Committer::set_recovered(State from) {
    if (state() == from && state_.compare_exchange_strong(from, State::working))
        log::write(recovered);
}

void Committer::set_full(std::string why) {
    fail(std::move(why), State::full);
}

void Committer::set_failed() {
    fail("an upload could not be written", State::failed);
}

void Committer::enqueue(PendingChange pending) {
    bool wake = false, ask = false;
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
        // A sleeping committer is woken by the first urgent change (or the last that it gathers),
        // and by the first of all to begin its short delay.
        wake = asleep_ > 0 && ((is_urgent && waiting_now_ == wanted_now_) || waiting_.empty());
        waiting_.push_back(std::move(pending));
        ask = hands_ && !std::exchange(is_asked_, true);
    }
    if (wake) work_.notify_one();
    if (ask) hands_->take(Hands::Work::commit, [this] { step(); });
}

Committer::Done Committer::submit(Change change) {
    if (state() == State::failed)
        throw Fault(Fault::Why::failed,
                    "the store has failed and waits for a restart: " + failure());
    if (!change.fits()) throw too_large();
    const std::size_t size = change.size_bytes();
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
        if (!change.fits()) throw too_large();
        enqueue({.change = std::move(change), .size_bytes = size});
    } catch (const Fault&) {
        dropped_total.add();
        return false;
    }
    return true;
}

void Committer::run(GroupWriter& writer) {
    ::pthread_setname_np(::pthread_self(), "store-commit");
    Group group;
    LastGroup last;
    while (take(group, last)) {
        const auto begun = std::chrono::steady_clock::now();
        commit(writer, group);
        last.write_time = std::chrono::steady_clock::now() - begun;
        group.clear();
    }
}

void Committer::step() {
    Group group;
    LastGroup last;
    {
        const std::lock_guard lock(mutex_);
        fill(group, last);
    }
    if (!group.empty()) commit(*writers_.front(), group);
    {
        const std::lock_guard lock(mutex_);
        is_asked_ = !waiting_.empty();
        if (!is_asked_) return;
    }
    hands_->take(Hands::Work::commit, [this] { step(); });
}

bool Committer::take(Group& group, LastGroup& last) {
    std::unique_lock lock(mutex_);
    ++asleep_;
    // Another thread may have taken meanwhile what this one was woken for.
    do {
        work_.wait(lock, [this] { return is_stopping_ || !waiting_.empty(); });
        if (waiting_now_ == 0 && !is_stopping_)
            work_.wait_for(lock, limits::soon_delay,
                           [this] { return is_stopping_ || waiting_now_ > 0; });
        gather(lock, last);
    } while (waiting_.empty() && !is_stopping_);
    --asleep_;
    fill(group, last);
    return !group.empty();
}

// Under the lock.
void Committer::fill(Group& group, LastGroup& last) {
    last.changes_now = 0;
    std::size_t group_bytes = 0;
    while (!waiting_.empty() && group.size() < limits::group_changes_max) {
        PendingChange& first = waiting_.front();
        if (!group.empty() && group_bytes + first.size_bytes > limits::group_bytes_max) break;
        group_bytes += first.size_bytes;
        last.changes_now += first.change.urgency() == Urgency::now ? 1 : 0;
        group.push_back(std::move(first));
        waiting_.pop_front();
    }
    waiting_bytes_ -= group_bytes;
    waiting_now_ -= last.changes_now;
}

// Where several shared the last write, those who wait now wait a little for the others to come
// back: not longer than that write took, so that nobody's answer takes more than twice its time.
// Who commits alone never waits.
void Committer::gather(std::unique_lock<std::mutex>& lock, const LastGroup& last) {
    if (last.changes_now < 2 || waiting_now_ >= last.changes_now) return;
    wanted_now_ = last.changes_now;
    work_.wait_for(lock, std::min(last.write_time, limits::gathering_max),
                   [this, &last] { return is_stopping_ || waiting_now_ >= last.changes_now; });
    wanted_now_ = 1;
}

void Committer::commit(GroupWriter& writer, Group& group) {
    std::exception_ptr failure;
    try {
        if (state() == State::failed)
            throw Fault(Fault::Why::failed, "the store has failed: " + this->failure());
        if (writer.write(group)) {
            groups_total.add();
            // A small change may find room on a full disk: that it is full no more is seen by
            // Table::recover().
            set_recovered(State::away);
        }
    } catch (const Fault& fault) {
        fail(fault.what(), fault.why == Fault::Why::full          ? State::full
                           : fault.why == Fault::Why::unavailable ? State::away
                                                                  : State::failed);
        failure = std::current_exception();
    } catch (const std::exception& error) {
        fail(error.what(), State::failed);
        failure = std::make_exception_ptr(Fault(Fault::Why::failed, error.what()));
    }
    // Those that were refused too: their answer may rest on what was not written.
    if (failure) {
        for (PendingChange& pending : group) {
            pending.outcome.reset();
            pending.failure = failure;
        }
    }
    // First, so that whoever hears of the commit finds that nothing remembers what was before it.
    send_hints(group);
    answer(group);
}

void Committer::answer(Group& group) {
    net::Wakes wakes;
    for (PendingChange& pending : group) {
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
    for (const PendingChange& pending : group)
        if (pending.outcome && pending.outcome->has_value())
            for (const Bytes& subject : pending.change.hints()) listener_(subject);
}

}  // namespace pidge::store
