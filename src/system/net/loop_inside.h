// The inside of Loop, for the .cc files of system/net only: Asio's context, timers, parked waits
// and stream deadlines.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <map>
#include <optional>

#include "system/net/deadline.h"
#include "system/net/loop.h"
#include "system/net/wait.h"

namespace pidge::net {

class Timer;

struct Loop::Inside {
    Inside(Loop& loop, TimeSource time);

    using Timers = std::multimap<SteadyTime, Timer*>;
    Timers::iterator add(SteadyTime when, Timer& timer);
    void remove(Timers::iterator timer);
    void fire_due_timers();
    // Simulated time only. False: there is no timer to jump to.
    bool jump_to_next_timer();

    void watch(Deadline& deadline);
    void reap();

    Loop& loop;
    const TimeSource time;
    SteadyTime simulated_now{};
    Timers timers;
    std::optional<SteadyTime> alarm_at;  // when the alarm below is set to go off
    Wait* parked = nullptr;              // list of all parked waits
    Deadline* deadlines = nullptr;       // list of all stream deadlines
    std::unique_ptr<Timer> reaper;
    bool is_reaping = false;
    std::atomic<bool> is_ending = false;
    std::atomic<std::size_t>& live;
    // Last, so that what coroutines hold can still leave the lists above while the context destroys
    // them. Shared with whoever is just waking a coroutine from another thread (completion.cc): the
    // coroutine, and with it the loop, may have ended before that call has returned.
    std::shared_ptr<boost::asio::io_context> context;
    std::unique_ptr<boost::asio::steady_timer> alarm;

 private:
    void set_alarm();
};

}  // namespace pidge::net
