// Pool: a few threads for work that blocks or burns (disk reads that may miss, password hashes,
// large signatures, LDAP), behind a bounded queue. Thread-safe. It outlives the loops whose
// coroutines use it.
#pragma once

#include <condition_variable>
#include <deque>
#include <exception>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <type_traits>
#include <variant>
#include <vector>

#include "system/net/completion.h"
#include "system/net/task.h"

namespace pidge::net {

class Pool {
 public:
    struct Options {
        std::string name;  // of the threads; at most 15 octets are shown by the system
        std::size_t threads = 2;
        std::size_t queue_max = 1000;  // jobs that wait, beyond those that run
    };
    explicit Pool(Options options);
    // Finishes what runs; what still waits ends with Gone(shutdown).
    ~Pool();
    Pool(const Pool&) = delete;
    Pool& operator=(const Pool&) = delete;

    // Runs `work()` on a thread of the pool and returns, or throws, what it does. Gone(full) when
    // the queue is full. Not interrupted once accepted, so `work` may refer to the caller's locals;
    // it must end by itself, and soon.
    template <typename Work>
    Task<std::invoke_result_t<Work&>> run(Work work) {
        using T = std::invoke_result_t<Work&>;
        using Value = std::conditional_t<std::is_void_v<T>, std::monostate, T>;
        const auto done = std::make_shared<Completion<Value>>();
        submit({.run = [done, &work] { complete(*done, work); },
                .drop = [done](std::exception_ptr error) { done->fail(std::move(error)); }});
        if constexpr (std::is_void_v<T>)
            co_await done->wait();
        else
            co_return co_await done->wait();
    }

    std::size_t queued() const;

 private:
    struct Job {
        std::move_only_function<void()> run;
        std::move_only_function<void(std::exception_ptr)> drop;
    };
    template <typename Value, typename Work>
    static void complete(Completion<Value>& done, Work& work) {
        std::optional<Value> value;
        try {
            if constexpr (std::is_same_v<Value, std::monostate>)
                work(), value.emplace();
            else
                value.emplace(work());
        } catch (...) {
            done.fail(std::current_exception());
            return;
        }
        done.complete(*std::move(value));
    }

    void submit(Job job);  // throws Gone(full), Gone(shutdown)
    void work();

    const Options options_;
    mutable std::mutex mutex_;
    std::condition_variable changed_;
    std::deque<Job> jobs_;
    bool is_stopping_ = false;
    std::vector<std::thread> threads_;
};

}  // namespace pidge::net
