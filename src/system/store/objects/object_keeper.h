// ObjectKeeper: removes objects whose rows are gone. Those of a commit's dropped bodies soon after
// it, by what the commit tells; now and then all others that no row names: of uploads whose commit
// never came, or of a commit whose answer, or whose node, was lost. A thread of its own.
#pragma once

#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "system/store/objects/bucket.h"
#include "system/store/table.h"

namespace pidge::store {

class ObjectKeeper {
 public:
    // The table is the one below, with references in its rows; it and the clock outlive this.
    ObjectKeeper(Table& rows, std::shared_ptr<Bucket> bucket, const Clock& clock);
    ~ObjectKeeper();  // what waits is left to the next sweep
    ObjectKeeper(const ObjectKeeper&) = delete;
    ObjectKeeper& operator=(const ObjectKeeper&) = delete;

    // Objects of these rows of space chunk go soon. Over a bound they are left to the sweep.
    void erase(const std::vector<Bytes>& chunk_keys);

    // Removes what no row names and is older than any upload that may be under way; how many. By
    // itself each hour; here for tests.
    std::size_t sweep();

 private:
    void run();
    void erase_next();
    bool is_orphan_old(const std::string& name) const;

    Table& rows_;
    const std::shared_ptr<Bucket> bucket_;
    const Clock& clock_;
    std::mutex mutex_;
    std::condition_variable wake_;
    bool is_stopping_ = false;
    std::deque<std::string> waiting_;  // names
    std::thread thread_;
};

}  // namespace pidge::store
