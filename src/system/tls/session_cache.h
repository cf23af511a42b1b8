// SessionCache: the last session with each server, for resumption. A bound number of them; the one
// unused for longest goes. Thread-safe. For the .cc files of system/tls only.
#pragma once

#include <list>
#include <map>
#include <mutex>
#include <string>

#include "system/tls/openssl.h"

namespace pidge::tls {

class SessionCache {
 public:
    explicit SessionCache(std::size_t most) : most_(most) {}

    void put(const std::string& server, SessionPtr session);
    // RFC 8446 §C.4: a ticket should be used once, so it is taken out. Null: none.
    SessionPtr take(const std::string& server);
    std::size_t size() const;

 private:
    struct Entry {
        std::string server;
        SessionPtr session;
    };

    mutable std::mutex mutex_;
    const std::size_t most_;
    std::list<Entry> entries_;  // the newest first
    std::map<std::string, std::list<Entry>::iterator, std::less<>> by_server_;
};

}  // namespace pidge::tls
