// Wait: the one place where a coroutine stops. Sockets, events, completions, pools and sleeps all
// park here, so that deadlines and shutdown reach every wait in one way.
//
// One coroutine parks at a time. All functions on the thread of the loop that it parks on. The
// coroutine goes on from the loop, never inside resume(); the exception is resume_now().
#pragma once

#include <cstdint>
#include <exception>
#include <functional>

#include "system/net/gone.h"
#include "system/net/task.h"

namespace pidge::net {

class Loop;

enum class Interruption : std::uint8_t {
    allowed,
    // The coroutine's locals are in use elsewhere until resume(): neither deadline nor shutdown may
    // end the wait.
    deferred,
};

class Wait {
 public:
    Wait() = default;
    ~Wait() { abandon(); }
    Wait(const Wait&) = delete;
    Wait& operator=(const Wait&) = delete;

    // Returns after resume(); throws what fail() was given, Gone(shutdown) when the loop is
    // interrupted, Gone(deadline) when the surrounding with_deadline() has run out.
    Task<void> park(Interruption interruption = Interruption::allowed);

    // Do nothing when nobody is parked.
    void resume() noexcept;
    void fail(std::exception_ptr error) noexcept;
    void fail(Gone::Why why, const char* text) noexcept;
    // Goes on right here. Only from code that the loop itself called, never from within a
    // coroutine.
    void resume_now() noexcept;

    bool is_parked() const { return static_cast<bool>(handler_); }

 private:
    friend class Loop;
    using Handler = std::move_only_function<void(std::exception_ptr)>;

    void enter(Loop& loop, Handler handler);
    Handler leave() noexcept;
    void abandon() noexcept;

    Handler handler_;
    Loop* loop_ = nullptr;
    Wait* next_ = nullptr;
    Wait** previous_ = nullptr;
    boost::asio::cancellation_slot slot_;  // of the surrounding with_deadline()
    Interruption interruption_ = Interruption::allowed;
};

}  // namespace pidge::net
