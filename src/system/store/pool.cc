#include "system/store/pool.h"

#include <pthread.h>

#include "system/store/store.h"

namespace pidge::store {

Pool::Pool(std::size_t threads, std::size_t jobs_max, Hands* hands)
    : jobs_max_(jobs_max), hands_(hands) {
    for (std::size_t i = 0; i < threads && !hands_; ++i) threads_.emplace_back([this] { run(); });
}

Pool::~Pool() {
    {
        const std::lock_guard lock(mutex_);
        is_stopping_ = true;
    }
    work_.notify_all();
    for (std::thread& thread : threads_) thread.join();
}

void Pool::submit(std::move_only_function<void()> job) {
    if (hands_) return hands_->take(Hands::Work::read, std::move(job));
    {
        const std::lock_guard lock(mutex_);
        if (jobs_.size() >= jobs_max_)
            throw Fault(Fault::Why::unavailable, "the store is too busy: too many reads wait");
        jobs_.push_back(std::move(job));
    }
    work_.notify_one();
}

void Pool::run() {
    ::pthread_setname_np(::pthread_self(), "store-pool");
    for (;;) {
        std::unique_lock lock(mutex_);
        work_.wait(lock, [this] { return is_stopping_ || !jobs_.empty(); });
        if (jobs_.empty()) return;
        auto job = std::move(jobs_.front());
        jobs_.pop_front();
        lock.unlock();
        job();
    }
}

}  // namespace pidge::store
