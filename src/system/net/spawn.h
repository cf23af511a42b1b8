// spawn, run and with_deadline: how coroutines start.
#pragma once

#include <atomic>
#include <chrono>
#include <exception>
#include <functional>
#include <optional>
#include <string_view>
#include <type_traits>

#include "system/net/loop.h"
#include "system/net/task.h"

namespace pidge::net {

// The only way to start a coroutine that nobody awaits. It starts on `loop` soon. What escapes it
// is logged under `name`, except Gone: a coroutine may always end that way. Whatever `task` uses it
// must own. Any thread.
void spawn(Loop& loop, std::string_view name, Task<void> task);
void spawn(std::string_view name, Task<void> task);  // on this_loop()
// A job without which the program is of no use: when anything but Gone escapes it, for want of
// memory say, that is logged and `make` begins it anew after limits::lasting_pause. Any thread.
void spawn_lasting(Loop& loop, std::string_view name, std::function<Task<void>()> make);

namespace detail {

// Awaits `task`; interrupts it when `timeout` has passed, and returns when it has ended. Throws
// what it threw.
Task<void> bounded(Task<void> task, std::chrono::nanoseconds timeout);
// Runs `task` to its end on a loop of its own.
void run(Task<void> task, TimeSource time);

template <typename T>
Task<void> keep(Task<T> task, std::optional<T>& value) {
    value.emplace(co_await std::move(task));
}

}  // namespace detail

// Awaits `task`. When `timeout` passes first, its current wait and all further ones throw
// Gone(deadline); it has ended when this returns, so it may use the caller's locals.
template <typename T>
Task<T> with_deadline(Task<T> task, std::chrono::nanoseconds timeout) {
    if constexpr (std::is_void_v<T>) {
        co_await detail::bounded(std::move(task), timeout);
    } else {
        std::optional<T> value;
        co_await detail::bounded(detail::keep(std::move(task), value), timeout);
        co_return *std::move(value);
    }
}

// Runs `task` on a fresh loop in the calling thread and returns, or throws, what it does. What it
// has spawned is interrupted and unwound before this returns. For the command line and for tests.
template <typename T>
T run(Task<T> task, TimeSource time = TimeSource::machine) {
    if constexpr (std::is_void_v<T>) {
        detail::run(std::move(task), time);
    } else {
        std::optional<T> value;
        detail::run(detail::keep(std::move(task), value), time);
        return *std::move(value);
    }
}

}  // namespace pidge::net
