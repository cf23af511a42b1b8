// Folding of like refusals: a flood of the same refusal to the same client becomes one entry with a
// count. Thread-safe.
#pragma once

#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "mail/audit/entry.h"

namespace pidge::audit {

class Fold {
 public:
    // The entry itself when it is the first of its kind for a while; nullopt when it was counted.
    std::optional<Entry> add(Entry entry);
    // Entries that stand for what was counted since the last call, and forgets what has not come
    // again.
    std::vector<Entry> take();

 private:
    struct Counted {
        Entry last;
        std::int64_t more = 0;  // than what was written already
    };
    std::mutex mutex_;
    std::map<std::string, Counted> counted_;
};

}  // namespace pidge::audit
