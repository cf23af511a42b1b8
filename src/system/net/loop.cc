#include "system/net/loop.h"

#include <boost/asio/post.hpp>
#include <mutex>
#include <vector>

#include "base/check.h"
#include "base/log.h"
#include "system/net/limits.h"
#include "system/net/loop_inside.h"
#include "system/net/timer.h"

namespace pidge::net {

namespace {

constexpr log::Event jobs_stuck{
    "jobs-stuck", log::Level::error,
    "The program is ending although some of its work would not: it waits for a disk or a service.",
    "Look for the slow disk, database or directory service in the lines before."};

thread_local Loop* current = nullptr;

class Entered {
 public:
    explicit Entered(Loop& loop) : before_(std::exchange(current, &loop)) {}
    ~Entered() { current = before_; }
    Entered(const Entered&) = delete;

 private:
    Loop* before_;
};

// Far enough to mean never, near enough that adding it to a time cannot overflow.
constexpr std::chrono::nanoseconds time_max = std::chrono::hours(24 * 365);

// What stays in memory until the process has ended; destroying it would destroy coroutines.
void leave_behind(std::unique_ptr<Loop::Inside> inside) {
    static std::mutex mutex;
    static auto& all = *std::make_unique<std::vector<std::unique_ptr<Loop::Inside>>>().release();
    const std::lock_guard lock(mutex);
    all.push_back(std::move(inside));
}

}  // namespace

Loop& this_loop() {
    check(current != nullptr, "asked for the event loop outside of one");
    return *current;
}

bool is_on_loop() {
    return current != nullptr;
}

Loop::Inside::Inside(Loop& own, TimeSource source)
    : loop(own),
      time(source),
      // Any fixed start will do; not zero, so that a time before the start can be expressed.
      simulated_now(std::chrono::hours(1000)),
      live(own.live_),
      context(std::make_shared<boost::asio::io_context>(1)) {
    // Without it, and without sockets, Asio never asks the kernel for anything.
    if (time == TimeSource::machine) alarm = std::make_unique<boost::asio::steady_timer>(*context);
    reaper = std::make_unique<Timer>(own, [this] { reap(); });
}

Loop::Loop(TimeSource time) : inside_(std::make_unique<Inside>(*this, time)) {}

void Loop::unwind() {
    interrupt();
    const auto patience = std::chrono::steady_clock::now() + limits::unwind_patience;
    // Interrupted coroutines unwind in a few steps each; only work in a pool may keep one for
    // longer.
    do {
        inside_->context->restart();
        inside_->context->poll();
        if (live() > 0) inside_->context->run_one_for(std::chrono::milliseconds(1));
    } while (live() > 0 && std::chrono::steady_clock::now() < patience);
}

void Loop::close() {
    inside_->is_ending = true;
}

Loop::~Loop() {
    const Entered entered(*this);
    if (!inside_->is_ending) unwind();
    close();
    if (live() > 0) {
        log::write(jobs_stuck, {{"jobs", live()}});
        leave_behind(std::move(inside_));
        return;
    }
    inside_->alarm.reset();
    inside_->context.reset();
    // In-memory streams may outlive the loop.
    while (inside_->deadlines != nullptr) inside_->deadlines->leave();
    inside_->reaper.reset();
}

void Loop::run_until(const std::atomic<bool>& done) {
    const Entered entered(*this);
    auto& context = *inside_->context;
    const auto work = boost::asio::make_work_guard(context);
    while (!done.load(std::memory_order_acquire)) {
        if (inside_->time == TimeSource::machine)
            context.run_one();
        else if (context.poll_one() == 0 && !inside_->jump_to_next_timer())
            context.run_one();
    }
}

void Loop::post(std::move_only_function<void()> work) {
    if (inside_->is_ending) return;
    boost::asio::post(*inside_->context, std::move(work));
}

SteadyTime Loop::now() const {
    return inside_->time == TimeSource::machine ? std::chrono::steady_clock::now()
                                                : inside_->simulated_now;
}

void Loop::interrupt() {
    interrupted_ = true;
    post([this] { interrupt_waits(); });
}

void Loop::interrupt_waits() {
    for (Wait* wait = inside_->parked; wait != nullptr;) {
        Wait* const next = wait->next_;
        if (wait->interruption_ == Interruption::allowed)
            wait->fail(Gone::Why::shutdown, "shutting down");
        wait = next;
    }
}

// Timers.

Loop::Inside::Timers::iterator Loop::Inside::add(SteadyTime when, Timer& timer) {
    const auto place = timers.emplace(when, &timer);
    if (place == timers.begin()) set_alarm();
    return place;
}

void Loop::Inside::remove(Timers::iterator timer) {
    timers.erase(timer);
}

void Loop::Inside::set_alarm() {
    if (time == TimeSource::simulated || timers.empty() || is_ending) return;
    const SteadyTime first = timers.begin()->first;
    if (alarm_at && *alarm_at <= first) return;
    alarm_at = first;
    alarm->expires_at(first);
    alarm->async_wait([this](const boost::system::error_code& error) {
        if (error) return;  // was set to an earlier time meanwhile
        alarm_at.reset();
        fire_due_timers();
        set_alarm();
    });
}

void Loop::Inside::fire_due_timers() {
    const SteadyTime now = loop.now();
    while (!timers.empty() && timers.begin()->first <= now) {
        Timer& timer = *timers.begin()->second;
        timers.erase(timers.begin());
        timer.is_set_ = false;
        timer.call_();
    }
}

bool Loop::Inside::jump_to_next_timer() {
    if (timers.empty()) return false;
    simulated_now = std::max(simulated_now, timers.begin()->first);
    fire_due_timers();
    return true;
}

void Timer::set(std::chrono::nanoseconds from_now) {
    cancel();
    place_ = loop_.inside().add(loop_.now() + std::min(from_now, time_max), *this);
    is_set_ = true;
}

void Timer::cancel() {
    if (!std::exchange(is_set_, false)) return;
    loop_.inside().remove(place_);
}

Task<void> sleep_for(std::chrono::nanoseconds time) {
    Wait wait;
    Timer timer(this_loop(), [&wait] { wait.resume(); });
    timer.set(time);
    co_await wait.park();
}

// Stream deadlines.

void Deadline::set(std::chrono::milliseconds from_now) {
    Loop& loop = this_loop();
    at_ = loop.now() + std::min<std::chrono::nanoseconds>(from_now, time_max);
    has_passed_ = false;
    if (previous_ == nullptr) loop.inside().watch(*this);
}

void Deadline::leave() noexcept {
    if (previous_ == nullptr) return;
    *previous_ = next_;
    if (next_ != nullptr) next_->previous_ = previous_;
    previous_ = nullptr;
    next_ = nullptr;
}

void Loop::Inside::watch(Deadline& deadline) {
    deadline.next_ = deadlines;
    deadline.previous_ = &deadlines;
    if (deadlines != nullptr) deadlines->previous_ = &deadline.next_;
    deadlines = &deadline;
    if (!reaper->is_set()) reaper->set(limits::deadline_tick);
}

void Loop::Inside::reap() {
    const SteadyTime now = loop.now();
    for (Deadline* deadline = deadlines; deadline != nullptr;) {
        Deadline* const next = deadline->next_;
        if (deadline->at_ <= now) {
            deadline->leave();
            deadline->has_passed_ = true;
            deadline->expired_();
        }
        deadline = next;
    }
    if (deadlines != nullptr) reaper->set(limits::deadline_tick);
}

}  // namespace pidge::net
