// Pool: a few threads for work that waits for the disk, so that no event loop does. Bounded: over
// the bound the store says that it is too busy. Thread-safe.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

#include "system/net/completion.h"
#include "system/store/hands.h"

namespace pidge::store {

class Pool {
 public:
    // With hands, which outlive it, it has no threads.
    Pool(std::size_t threads, std::size_t jobs_max, Hands* hands = nullptr);
    ~Pool();  // does what waits
    Pool(const Pool&) = delete;
    Pool& operator=(const Pool&) = delete;

    // Throws Fault (unavailable) when too much waits already. `job` must not throw.
    void submit(std::move_only_function<void()> job);

    // The result of `job`, or what it threw. What it captures must live until the completion.
    template <typename Job>
    auto start(Job job) {
        using Value = std::invoke_result_t<Job&>;
        auto done = std::make_shared<net::Completion<Value>>();
        submit([done, job = std::move(job)]() mutable {
            std::optional<Value> value;
            try {
                value.emplace(job());
            } catch (...) {
                done->fail(std::current_exception());
                return;
            }
            done->complete(std::move(*value));
        });
        return done;
    }

 private:
    void run();

    const std::size_t jobs_max_;
    Hands* const hands_;
    std::mutex mutex_;
    std::condition_variable work_;
    std::deque<std::move_only_function<void()>> jobs_;
    bool is_stopping_ = false;
    std::vector<std::thread> threads_;
};

}  // namespace pidge::store
