#include "system/net/spawn.h"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/this_coro.hpp>

#include "base/log.h"
#include "system/net/limits.h"
#include "system/net/loop_inside.h"
#include "system/net/timer.h"

namespace pidge::net {

namespace asio = boost::asio;

namespace {

constexpr log::Event job_failed{
    "job-failed", log::Level::error, "A session or background job ended with an unexpected error.",
    "Report it with the lines around it; the connection or job concerned was ended."};

constexpr log::Event job_restarted{
    "job-restarted", log::Level::error,
    "A background job ended with an unexpected error and begins anew.",
    "See whether memory is short; else report it with the lines around it."};

// Counts a coroutine from spawn() until its frame is gone.
class Living {
 public:
    explicit Living(std::atomic<std::size_t>& count) : count_(&count) { ++count; }
    Living(Living&& other) noexcept : count_(std::exchange(other.count_, nullptr)) {}
    Living& operator=(Living&&) = delete;
    ~Living() {
        if (count_ != nullptr) --*count_;
    }

 private:
    std::atomic<std::size_t>* count_;
};

Task<void> guarded(Living, std::string name, Task<void> task) {
    try {
        co_await std::move(task);
    } catch (const Gone&) {
        // The usual end of a session whose peer has left.
    } catch (const std::exception& error) {
        log::write(job_failed, {{"job", name}, {"error", error.what()}});
    } catch (...) {
        log::write(job_failed, {{"job", name}, {"error", "not an exception of a known type"}});
    }
}

void note_failure(std::string_view name, const std::exception& error) noexcept {
    try {
        log::write(job_restarted, {{"job", name}, {"error", error.what()}});
    } catch (const std::exception&) {
        // There is not even memory for a line.
    }
}

Task<void> lasting(std::string name, std::function<Task<void>()> make) {
    for (;;) {
        try {
            co_await make();
            co_return;
        } catch (const Gone&) {
            throw;
        } catch (const std::exception& error) {
            note_failure(name, error);
        }
        try {
            co_await sleep_for(limits::lasting_pause);
        } catch (const std::bad_alloc&) {
            // Then at once: it cannot be worse.
        }
    }
}

// Cancellation reaches a task through its waits only, as Gone: Asio must not throw its own error
// besides.
Task<void> uncancelled(Task<void> task) {
    co_await asio::this_coro::throw_if_cancelled(false);
    co_await std::move(task);
}

// What a bounded task and the one who awaits it share.
struct Race {
    Wait ended;
    bool has_ended = false;
    std::exception_ptr error;
    asio::cancellation_signal cancel;
};

}  // namespace

void spawn(Loop& loop, std::string_view name, Task<void> task) {
    asio::co_spawn(*loop.inside().context,
                   guarded(Living(loop.inside().live), std::string(name), std::move(task)),
                   asio::detached);
}

void spawn(std::string_view name, Task<void> task) {
    spawn(this_loop(), name, std::move(task));
}

void spawn_lasting(Loop& loop, std::string_view name, std::function<Task<void>()> make) {
    spawn(loop, name, lasting(std::string(name), std::move(make)));
}

Task<void> detail::bounded(Task<void> task, std::chrono::nanoseconds timeout) {
    Loop& loop = this_loop();
    const auto race = std::make_shared<Race>();
    asio::co_spawn(
        *loop.inside().context, uncancelled(std::move(task)),
        asio::bind_cancellation_slot(race->cancel.slot(), [race](std::exception_ptr error) {
            race->has_ended = true;
            race->error = std::move(error);
            race->ended.resume();
        }));
    Timer timer(loop, [race] { race->cancel.emit(asio::cancellation_type::terminal); });
    timer.set(timeout);
    while (!race->has_ended) {
        try {
            co_await race->ended.park();
        } catch (const Gone&) {
            // A deadline further out, or shutdown. The task uses our caller's locals, so see it to
            // its end.
            race->cancel.emit(asio::cancellation_type::terminal);
        }
        if (!race->has_ended) co_await race->ended.park(Interruption::deferred);
    }
    if (race->error) std::rethrow_exception(race->error);
}

void detail::run(Task<void> task, TimeSource time) {
    std::atomic<bool> done = false;
    std::exception_ptr error;
    {
        Loop loop(time);
        asio::co_spawn(*loop.inside().context, std::move(task), [&](std::exception_ptr escaped) {
            error = std::move(escaped);
            done = true;
        });
        loop.run_until(done);
    }
    if (error) std::rethrow_exception(error);
}

}  // namespace pidge::net
