// Runs tasks to their end from ordinary code: commands of the command line, tests and measuring
// tools. Each call has an event loop of its own on the calling thread. Never call it from a
// coroutine.
#pragma once

#include <optional>
#include <utility>
#include <vector>

#include "system/net/task.h"

namespace pidge::net {

// All at once; returns when all have ended. Throws the first exception that left one of them, after
// all have ended.
void run_blocking(std::vector<Task<void>> tasks);

namespace detail {
template <typename T>
Task<void> store_result(Task<T> task, std::optional<T>& into) {
    into.emplace(co_await std::move(task));
}
}  // namespace detail

template <typename T>
T run_blocking(Task<T> task) {
    std::vector<Task<void>> tasks;
    if constexpr (std::is_void_v<T>) {
        tasks.push_back(std::move(task));
        run_blocking(std::move(tasks));
    } else {
        std::optional<T> result;
        tasks.push_back(detail::store_result(std::move(task), result));
        run_blocking(std::move(tasks));
        return std::move(*result);
    }
}

}  // namespace pidge::net
