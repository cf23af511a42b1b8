#include "program/assembly/patroni_watch.h"

#include <pthread.h>

#include <algorithm>

#include "base/log.h"
#include "base/metrics.h"
#include "program/assembly/events.h"
#include "system/patroni/places.h"
#include "system/store/postgres/postgres_store.h"

namespace pidge::program {

namespace {

using Verdict = patroni::Seen::Verdict;

metrics::Gauge unsafe{"pidge_patroni_unsafe",
                      "Database servers kept by a Patroni that can lose acknowledged mail."};

}  // namespace

std::vector<std::string> patroni_places(const config::Config& config) {
    if (config.store.engine != config::Store::Engine::postgres) return {};
    // The rules of the configuration have seen that the setting can be read.
    return patroni::places(config.store.patroni, store::postgres_hosts(config.store.conninfo))
        .value_or(std::vector<std::string>{});
}

PatroniWatch::PatroniWatch(std::vector<std::string> places, std::chrono::milliseconds interval)
    : interval_(interval) {
    for (std::string& place : places) seen_.push_back({.place = std::move(place)});
    if (!seen_.empty()) thread_ = std::thread([this] { run(); });
}

PatroniWatch::~PatroniWatch() {
    exchanger_.stop();
    {
        const std::lock_guard lock(mutex_);
        is_stopping_ = true;
    }
    wake_.notify_all();
    if (thread_.joinable()) thread_.join();
}

std::vector<patroni::Seen> PatroniWatch::seen() const {
    const std::lock_guard lock(mutex_);
    return seen_;
}

void PatroniWatch::run() {
    ::pthread_setname_np(::pthread_self(), "patroni");
    for (;;) {
        look();
        std::unique_lock lock(mutex_);
        if (wake_.wait_for(lock, interval_, [this] { return is_stopping_; })) return;
    }
}

void PatroniWatch::look() {
    for (std::size_t i = 0; i < seen_.size(); ++i) {
        patroni::Seen now = patroni::look(exchanger_, seen_[i].place);
        const std::lock_guard lock(mutex_);
        if (is_stopping_) return;
        note(seen_[i], std::move(now));
    }
    const std::lock_guard lock(mutex_);
    unsafe.set(std::ranges::count(seen_, Verdict::loses_mail, &patroni::Seen::verdict));
}

// Each thing is said once: that nothing was heard only as long as nothing ever was.
void PatroniWatch::note(patroni::Seen& known, patroni::Seen now) {
    if (now.verdict == Verdict::unknown) {
        if (!known.version.empty() || !known.reason.empty()) return;
        log::write(patroni_unknown, {{"place", now.place}, {"reason", now.reason}});
    } else if (now.version != known.version) {
        log::write(now.verdict == Verdict::safe ? patroni_seen : patroni_loses_mail,
                   {{"place", now.place}, {"version", now.version}});
    }
    known = std::move(now);
}

}  // namespace pidge::program
