#include "system/net/completion.h"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/prefer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <functional>
#include <vector>

#include "base/check.h"
#include "system/net/loop_inside.h"

namespace pidge::net {

namespace asio = boost::asio;

using Handler = std::move_only_function<void()>;

// The executor counts as work of its event loop for as long as the waiter lives, and the context
// stays until the executor is gone.
struct Signal::Waiter {
    std::shared_ptr<asio::io_context> context;
    asio::any_io_executor executor;
    Handler resume;
};

namespace {

// Runs all handlers that wait on one event loop. A handler that throws must not take the others
// with it.
class Round {
 public:
    Round(asio::any_io_executor executor, std::vector<Handler> handlers)
        : executor_(std::move(executor)), handlers_(std::move(handlers)) {}
    Round(Round&&) = default;
    Round(const Round&) = delete;

    void operator()() {
        while (next_ < handlers_.size()) {
            Handler handler = std::move(handlers_[next_++]);
            try {
                handler();
            } catch (...) {
                if (next_ < handlers_.size()) asio::post(executor_, std::move(*this));
                throw;
            }
        }
    }

 private:
    asio::any_io_executor executor_;
    std::vector<Handler> handlers_;
    std::size_t next_ = 0;
};

}  // namespace

struct Wakes::Loops {
    struct Loop {
        std::shared_ptr<asio::io_context> context;
        asio::any_io_executor executor;
        std::vector<Handler> handlers;
    };
    std::vector<Loop> loops;  // as many as there are event loops: few

    void add(std::shared_ptr<asio::io_context> context, asio::any_io_executor executor,
             Handler handler) {
        for (Loop& loop : loops) {
            if (loop.executor != executor) continue;
            loop.handlers.push_back(std::move(handler));
            return;
        }
        Loop& loop = loops.emplace_back();
        loop.context = std::move(context);
        loop.executor = std::move(executor);
        loop.handlers.push_back(std::move(handler));
    }
};

Wakes::Wakes() : loops_(std::make_unique<Loops>()) {}
Wakes::~Wakes() {
    send();
}

void Wakes::send() {
    for (Loops::Loop& loop : loops_->loops)
        asio::post(loop.executor, Round(loop.executor, std::move(loop.handlers)));
    loops_->loops.clear();
}

Signal::Signal() = default;
Signal::~Signal() = default;

Task<void> Signal::wait() {
    if (state_.load(std::memory_order_acquire) == State::set) co_return;
    auto executor = co_await asio::this_coro::executor;
    co_await asio::async_initiate<const asio::use_awaitable_t<>&, void()>(
        [this](auto handler, asio::any_io_executor on) {
            auto tracked = asio::prefer(on, asio::execution::outstanding_work.tracked);
            waiter_ = std::make_unique<Waiter>(this_loop().inside().context, std::move(tracked),
                                               std::move(handler));
            State expected = State::idle;
            if (state_.compare_exchange_strong(expected, State::waiting, std::memory_order_acq_rel))
                return;
            check(expected == State::set, "two coroutines wait for one completion");
            const auto waiter = std::move(waiter_);
            asio::post(waiter->executor, std::move(waiter->resume));
        },
        asio::use_awaitable, executor);
}

// Whether somebody waits already, who is then to be woken.
bool Signal::take_waiter() {
    const State before = state_.exchange(State::set, std::memory_order_acq_rel);
    check(before != State::set, "completed twice");
    return before == State::waiting;
}

void Signal::set() {
    if (!take_waiter()) return;
    const auto waiter = std::move(waiter_);
    asio::post(waiter->executor, std::move(waiter->resume));
}

void Signal::set(Wakes& wakes) {
    if (!take_waiter()) return;
    const auto waiter = std::move(waiter_);
    wakes.loops_->add(std::move(waiter->context), std::move(waiter->executor),
                      std::move(waiter->resume));
}

}  // namespace pidge::net
