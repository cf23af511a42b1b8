// Completion<T>: hands one value from any thread to one coroutine. Whoever does the work and
// whoever waits both hold it by shared_ptr:
//
//   auto done = std::make_shared<net::Completion<int>>();
//   thread.submit([done] { done->complete(42); });
//   const int answer = co_await done->wait();
//
// wait() is called at most once; complete() or fail() exactly once, before or after. The coroutine
// goes on on its own event loop. The wait cannot be cancelled (what is being done elsewhere goes on
// in any case), so whoever completes bounds the time. Until then the event loop counts it as work
// and does not run out.
//
// Wakes makes many completions cheap: those completed with the same Wakes cost one post per event
// loop together.
#pragma once

#include <atomic>
#include <exception>
#include <memory>
#include <optional>
#include <utility>

#include "system/net/task.h"

namespace pidge::net {

// Gathers wake-ups and sends them with send(), or when it goes. Used by one thread.
class Wakes {
 public:
    Wakes();
    ~Wakes();
    Wakes(const Wakes&) = delete;
    Wakes& operator=(const Wakes&) = delete;
    void send();

 private:
    friend class Signal;
    struct Loops;
    std::unique_ptr<Loops> loops_;
};

// The part of a Completion without a value: something has happened.
class Signal {
 public:
    Signal();
    ~Signal();
    Signal(const Signal&) = delete;
    Signal& operator=(const Signal&) = delete;

    Task<void> wait();
    void set();
    void set(Wakes& wakes);

 private:
    enum class State : unsigned char { idle, waiting, set };
    struct Waiter;
    bool take_waiter();
    std::atomic<State> state_{State::idle};
    std::unique_ptr<Waiter> waiter_;
};

template <typename T>
class Completion {
 public:
    Task<T> wait() {
        co_await signal_.wait();
        if (failure_) std::rethrow_exception(failure_);
        co_return std::move(*value_);
    }

    void complete(T value) {
        value_.emplace(std::move(value));
        signal_.set();
    }
    void complete(T value, Wakes& wakes) {
        value_.emplace(std::move(value));
        signal_.set(wakes);
    }
    void fail(std::exception_ptr failure) {
        failure_ = std::move(failure);
        signal_.set();
    }
    void fail(std::exception_ptr failure, Wakes& wakes) {
        failure_ = std::move(failure);
        signal_.set(wakes);
    }

 private:
    std::optional<T> value_;
    std::exception_ptr failure_;
    Signal signal_;
};

}  // namespace pidge::net
