#include "system/net/event.h"

#include "system/net/loop.h"
#include "system/net/timer.h"

namespace pidge::net {

// In the list from wait() until a notify takes it out, or until the wait ends otherwise.
struct Event::Waiter {
    explicit Waiter(Event& event)
        : list(event.waiting_), place(list.insert(list.end(), this)), is_listed(true) {}
    ~Waiter() { leave(); }
    void leave() {
        if (std::exchange(is_listed, false)) list.erase(place);
    }

    std::list<Waiter*>& list;
    std::list<Waiter*>::iterator place;
    bool is_listed;
    Wait wait;
};

Task<void> Event::wait() {
    Waiter waiter(*this);
    co_await waiter.wait.park();
}

Task<bool> Event::wait_for(std::chrono::nanoseconds time) {
    Waiter waiter(*this);
    bool is_in_time = true;
    Timer timer(this_loop(), [&] {
        if (!waiter.is_listed) return;  // notified, and about to go on
        is_in_time = false;
        waiter.leave();
        waiter.wait.resume();
    });
    timer.set(time);
    co_await waiter.wait.park();
    co_return is_in_time;
}

void Event::notify_one() noexcept {
    while (!waiting_.empty()) {
        Waiter& waiter = *waiting_.front();
        waiter.leave();
        // One whose deadline has just passed is no longer parked; the notification goes to the
        // next.
        if (!waiter.wait.is_parked()) continue;
        waiter.wait.resume();
        return;
    }
}

void Event::notify_all() noexcept {
    while (!waiting_.empty()) notify_one();
}

Task<void> Flag::wait() {
    while (!is_set_) co_await event_.wait();
}

Task<bool> Flag::wait_for(std::chrono::nanoseconds time) {
    if (!is_set_) co_await event_.wait_for(time);
    co_return is_set_;
}

void Flag::set() noexcept {
    is_set_ = true;
    event_.notify_all();
}

}  // namespace pidge::net
