#include "system/store/postgres/sessions.h"

#include <algorithm>
#include <thread>

#include "system/store/postgres/limits.h"
#include "system/store/store.h"

namespace pidge::store::postgres {

void throw_fault(const Refused& refused) {
    const std::string text = std::string("the database refuses: ") + refused.what();
    if (refused.is_disk_full()) throw Fault(Fault::Why::full, text);
    // Class XX: what lies on the server's disk is damaged.
    if (refused.state.starts_with("XX00")) throw Fault(Fault::Why::damaged, text);
    throw Fault(Fault::Why::unavailable, text);
}

std::unique_ptr<Connection> Sessions::take() {
    {
        const std::lock_guard lock(mutex_);
        if (!idle_.empty()) {
            auto connection = std::move(idle_.back());
            idle_.pop_back();
            return connection;
        }
    }
    return std::make_unique<Connection>(options_, Durable::later);
}

void Sessions::give_back(std::unique_ptr<Connection> connection) {
    const std::lock_guard lock(mutex_);
    if (idle_.size() < idle_max_) idle_.push_back(std::move(connection));
}

void Sessions::run(const Job& job) {
    run(job,
        std::min<std::chrono::milliseconds>(options_.patience, postgres_limits::read_patience));
}

void Sessions::run(const Job& job, std::chrono::milliseconds patience) {
    const auto begun = std::chrono::steady_clock::now();
    auto pause = postgres_limits::reconnect_pause_first;
    for (;;) {
        try {
            auto connection = take();
            try {
                job(*connection, std::chrono::steady_clock::now() + options_.deadline);
            } catch (const Refused&) {
                // The job has no transaction of its own that could be left open.
                give_back(std::move(connection));
                throw;
            }
            give_back(std::move(connection));
            return;
        } catch (const Refused& refused) {
            if (!refused.is_race()) throw_fault(refused);
        } catch (const Lost& lost) {
            // Those that lie idle have most likely lost the server too.
            const std::lock_guard lock(mutex_);
            idle_.clear();
            const bool is_closing = options_.closing && options_.closing->is_over();
            if (is_closing || std::chrono::steady_clock::now() - begun > patience)
                throw Fault(Fault::Why::unavailable, lost.what());
        }
        std::this_thread::sleep_for(pause);
        pause = std::min(pause * 2, postgres_limits::reconnect_pause_longest);
    }
}

}  // namespace pidge::store::postgres
