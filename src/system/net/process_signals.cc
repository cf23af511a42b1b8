#include "system/net/process_signals.h"

#include <boost/asio/signal_set.hpp>
#include <deque>

#include "system/net/loop_inside.h"

namespace pidge::net {

// Shared with the pending callback, which the context may still run after this object is gone.
struct ProcessSignals::State : std::enable_shared_from_this<State> {
    State() : set(*this_loop().inside().context) {}

    void listen() {
        set.async_wait(
            [self = shared_from_this()](const boost::system::error_code& error, int number) {
                if (error) return;
                // The same signal twice before anybody looked is once.
                if (std::find(self->come.begin(), self->come.end(), number) == self->come.end())
                    self->come.push_back(number);
                self->wait.resume();
                self->listen();
            });
    }

    boost::asio::signal_set set;
    std::deque<int> come;
    Wait wait;
};

ProcessSignals::ProcessSignals(std::initializer_list<int> signals)
    : state_(std::make_shared<State>()) {
    for (const int number : signals) state_->set.add(number);
    state_->listen();
}

ProcessSignals::~ProcessSignals() {
    boost::system::error_code ignored;
    state_->set.cancel(ignored);
    state_->set.clear(ignored);
}

Task<int> ProcessSignals::next() {
    const auto state = state_;
    while (state->come.empty()) co_await state->wait.park();
    const int number = state->come.front();
    state->come.pop_front();
    co_return number;
}

}  // namespace pidge::net
