// Uploads: the large bodies that are being written ahead, or wait for the commit that holds them.
// The sweep leaves these alone; a pending upload that is not known here is an orphan. Thread-safe.
#pragma once

#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"

namespace pidge::store {

// When the upload of that name was begun; nullopt: it is no such name.
std::optional<WallTime> upload_begun(std::string_view name);

class Uploads {
 public:
    explicit Uploads(const Clock& clock) : clock_(clock) {}

    std::string begin();                    // a new name
    void finish(const std::string& name);   // from now on limits::upload_age_max runs
    void abandon(const std::string& name);  // to be swept
    bool is_live(const std::string& name);
    void forget_old();  // finished ones whose time is over: held, or to be swept

 private:
    struct Upload {
        bool is_finished = false;
        SteadyTime finished;
    };
    const Clock& clock_;
    std::mutex mutex_;
    std::map<std::string, Upload> uploads_;
};

}  // namespace pidge::store
