#include "system/net/pool.h"

#include <pthread.h>

#include "system/net/gone.h"

namespace pidge::net {

Pool::Pool(Options options) : options_(std::move(options)) {
    for (std::size_t i = 0; i < options_.threads; ++i) {
        threads_.emplace_back([this] { work(); });
        pthread_setname_np(threads_.back().native_handle(), options_.name.substr(0, 15).c_str());
    }
}

Pool::~Pool() {
    std::deque<Job> dropped;
    {
        const std::lock_guard lock(mutex_);
        is_stopping_ = true;
        dropped.swap(jobs_);
    }
    changed_.notify_all();
    for (Job& job : dropped)
        job.drop(std::make_exception_ptr(Gone(Gone::Why::shutdown, "shutting down")));
    for (std::thread& thread : threads_) thread.join();
}

std::size_t Pool::queued() const {
    const std::lock_guard lock(mutex_);
    return jobs_.size();
}

void Pool::submit(Job job) {
    {
        const std::lock_guard lock(mutex_);
        if (is_stopping_) throw Gone(Gone::Why::shutdown, "shutting down");
        if (jobs_.size() >= options_.queue_max)
            throw Gone(Gone::Why::full, "the queue of " + options_.name + " is full");
        jobs_.push_back(std::move(job));
    }
    changed_.notify_one();
}

void Pool::work() {
    for (;;) {
        Job job;
        {
            std::unique_lock lock(mutex_);
            changed_.wait(lock, [this] { return is_stopping_ || !jobs_.empty(); });
            if (is_stopping_) return;
            job = std::move(jobs_.front());
            jobs_.pop_front();
        }
        job.run();
    }
}

}  // namespace pidge::net
