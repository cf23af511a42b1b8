#include "services/tlsrpt/tally.h"

#include "services/tlsrpt/events.h"
#include "services/tlsrpt/limits.h"

namespace pidge::tlsrpt {

namespace {

// One session, as the counts of a day.
Day day_of(const Session& session) {
    Summary summary{.policy = session.policy};
    if (session.result.type == ResultType::success) {
        summary.successes = 1;
    } else {
        summary.failures = 1;
        summary.details.push_back({.result = session.result,
                                   .sending_address = session.sending_address,
                                   .receiving_host = session.receiving_host,
                                   .receiving_address = session.receiving_address,
                                   .sessions = 1});
    }
    Day day;
    day.policies.push_back(std::move(summary));
    return day;
}

}  // namespace

void Tally::note(const Session& session) {
    const bool is_good = session.result.type == ResultType::success;
    (is_good ? counters.successes : counters.failures).add();
    DayKey key{std::chrono::floor<std::chrono::days>(clock_.now()), session.policy.domain};
    const std::lock_guard lock(mutex_);
    if (waiting_.size() >= limits::waiting_max && !waiting_.contains(key)) return;
    waiting_[std::move(key)].add(day_of(session));
}

net::Task<void> Tally::flush() {
    std::map<DayKey, Day> counted;
    {
        const std::lock_guard lock(mutex_);
        counted.swap(waiting_);
    }
    std::exception_ptr error;
    while (!counted.empty() && !error) {
        const auto first = counted.begin();
        try {
            co_await write(first->first, first->second);
            counted.erase(first);
        } catch (...) {
            error = std::current_exception();
        }
    }
    if (!error) co_return;
    {
        const std::lock_guard lock(mutex_);
        for (const auto& [key, day] : counted)
            if (waiting_.size() < limits::waiting_max) waiting_[key].add(day);
    }
    std::rethrow_exception(error);
}

// Others may write about the same domain at the same time: other loops, other nodes.
net::Task<void> Tally::write(const DayKey& key, const Day& counts) {
    for (;;) {
        const auto record = co_await store_.get(store::Space::tlsrpt, key.bytes());
        Day day = record ? read_day(*record).value_or(Day{}) : Day{};
        day.add(counts);
        store::Change change;
        if (record)
            change.check_equals(store::Space::tlsrpt, key.bytes(), *record);
        else
            change.check_absent(store::Space::tlsrpt, key.bytes());
        change.put(store::Space::tlsrpt, key.bytes(), record_of(day));
        if (co_await store_.commit(std::move(change))) co_return;
    }
}

}  // namespace pidge::tlsrpt
