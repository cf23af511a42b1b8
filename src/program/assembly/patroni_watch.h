// PatroniWatch: looks now and then which versions of Patroni keep the database, and says it loudly
// when one of them loses acknowledged mail. A thread of its own, so that a server that does not
// answer holds nothing up.
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "base/result.h"
#include "program/config/config.h"
#include "system/patroni/patroni.h"

namespace pidge::program {

// Where the Patroni of this configuration's database is asked; nowhere for other engines.
std::vector<std::string> patroni_places(const config::Config& config);

class PatroniWatch {
 public:
    // An update of the servers is noticed within this time.
    static constexpr std::chrono::milliseconds interval_usual = std::chrono::minutes(10);

    explicit PatroniWatch(std::vector<std::string> places,
                          std::chrono::milliseconds interval = interval_usual);
    ~PatroniWatch();  // within a second
    PatroniWatch(const PatroniWatch&) = delete;
    PatroniWatch& operator=(const PatroniWatch&) = delete;

    // What is known of each place; of one that does not answer any more, what it said last. Any
    // thread.
    std::vector<patroni::Seen> seen() const;

 private:
    void run();
    void look();
    void note(patroni::Seen& known, patroni::Seen now);

    const std::chrono::milliseconds interval_;
    http::Exchanger exchanger_{{}};
    mutable std::mutex mutex_;
    std::condition_variable wake_;
    bool is_stopping_ = false;
    std::vector<patroni::Seen> seen_;
    std::thread thread_;  // not running where there is nowhere to look
};

}  // namespace pidge::program
