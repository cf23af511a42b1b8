// Sessions: connections for reading, leasing and uploads, each used by one job at a time. A job
// whose connection breaks is run again on another, for a while. Thread-safe; blocks.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include "system/store/postgres/connection.h"

namespace pidge::store::postgres {

class Sessions {
 public:
    Sessions(const PostgresOptions& options, std::size_t idle_max)
        : options_(options), idle_max_(idle_max) {}

    // A job that may be run twice. Throws Fault.
    using Job = std::function<void(Connection& connection, Deadline deadline)>;
    void run(const Job& job);
    void run(const Job& job, std::chrono::milliseconds patience);
    // One connection of its own, for a snapshot.
    std::unique_ptr<Connection> take();
    void give_back(std::unique_ptr<Connection> connection);
    const PostgresOptions& options() const { return options_; }

 private:
    const PostgresOptions options_;
    const std::size_t idle_max_;
    std::mutex mutex_;
    std::vector<std::unique_ptr<Connection>> idle_;
};

// The Fault that a refusal of the server is.
[[noreturn]] void throw_fault(const Refused& refused);

}  // namespace pidge::store::postgres
