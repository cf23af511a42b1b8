#include "system/net/runtime.h"

#include <pthread.h>

#include <string>

#include "base/check.h"

namespace pidge::net {

Runtime::Runtime(std::size_t loops) {
    if (loops == 0) loops = std::max(1U, std::thread::hardware_concurrency());
    for (std::size_t i = 0; i < loops; ++i) loops_.push_back(std::make_unique<Loop>());
    for (std::size_t i = 0; i < loops; ++i) {
        threads_.emplace_back([this, i] { loops_[i]->run_until(is_stopped_); });
        pthread_setname_np(threads_.back().native_handle(), ("loop-" + std::to_string(i)).c_str());
    }
}

Runtime::~Runtime() {
    stop(std::chrono::milliseconds(0));
}

Loop& Runtime::next_loop() {
    return *loops_[turn_.fetch_add(1, std::memory_order_relaxed) % loops_.size()];
}

std::vector<Loop*> Runtime::loops() {
    std::vector<Loop*> out;
    for (const auto& loop : loops_) out.push_back(loop.get());
    return out;
}

std::size_t Runtime::live() const {
    std::size_t count = 0;
    for (const auto& loop : loops_) count += loop->live();
    return count;
}

void Runtime::wait_for_end(std::chrono::milliseconds patience) const {
    check(!is_on_loop(), "a loop cannot wait for its own end");
    const auto until = std::chrono::steady_clock::now() + patience;
    while (live() > 0 && std::chrono::steady_clock::now() < until)
        std::this_thread::sleep_for(std::chrono::milliseconds(2));
}

std::size_t Runtime::stop(std::chrono::milliseconds patience, std::chrono::milliseconds unwinding) {
    if (threads_.empty()) return 0;
    wait_for_end(patience);
    const std::size_t interrupted = live();
    for (const auto& loop : loops_) loop->interrupt();
    wait_for_end(unwinding);
    is_stopped_ = true;
    for (const auto& loop : loops_) loop->post([] {});  // to look at is_stopped_
    for (std::thread& thread : threads_) thread.join();
    threads_.clear();
    for (const auto& loop : loops_) loop->close();
    return interrupted;
}

}  // namespace pidge::net
