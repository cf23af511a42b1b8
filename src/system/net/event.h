// Event: a wake-up that any number of coroutines of one loop can wait for. It carries nothing:
// whoever wakes looks again at what it waits for. All functions on the loop's thread; from other
// threads: loop.post([&] { event.notify_all(); }).
#pragma once

#include <chrono>
#include <list>

#include "system/net/task.h"
#include "system/net/wait.h"

namespace pidge::net {

class Event {
 public:
    Event() = default;
    Event(const Event&) = delete;
    Event& operator=(const Event&) = delete;

    // Returns after the next notify. The event outlives its waiters.
    Task<void> wait();
    // The same, but not for longer than that. False: nothing came. Unlike with_deadline() it costs
    // no exception, for those that often wait in vain.
    Task<bool> wait_for(std::chrono::nanoseconds time);
    void notify_one() noexcept;
    void notify_all() noexcept;

 private:
    struct Waiter;
    std::list<Waiter*> waiting_;
};

// An event that stays: once set, all waits return at once. For drain and "ready".
class Flag {
 public:
    Task<void> wait();
    // False: it is not set even then.
    Task<bool> wait_for(std::chrono::nanoseconds time);
    void set() noexcept;
    bool is_set() const { return is_set_; }

 private:
    Event event_;
    bool is_set_ = false;
};

}  // namespace pidge::net
