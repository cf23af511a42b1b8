#include "system/tls/session_cache.h"

namespace pidge::tls {

void SessionCache::put(const std::string& server, SessionPtr session) {
    if (most_ == 0) return;
    const std::lock_guard lock(mutex_);
    if (const auto found = by_server_.find(server); found != by_server_.end()) {
        entries_.erase(found->second);
        by_server_.erase(found);
    }
    entries_.push_front({server, std::move(session)});
    by_server_.emplace(server, entries_.begin());
    if (entries_.size() <= most_) return;
    by_server_.erase(entries_.back().server);
    entries_.pop_back();
}

SessionPtr SessionCache::take(const std::string& server) {
    const std::lock_guard lock(mutex_);
    const auto found = by_server_.find(server);
    if (found == by_server_.end()) return {};
    SessionPtr session = std::move(found->second->session);
    entries_.erase(found->second);
    by_server_.erase(found);
    return session;
}

std::size_t SessionCache::size() const {
    const std::lock_guard lock(mutex_);
    return entries_.size();
}

}  // namespace pidge::tls
