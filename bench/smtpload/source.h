// The sending side: sessions in threads of their own that share one count of messages.
#pragma once

#include <atomic>
#include <mutex>
#include <string>
#include <vector>

#include "connection.h"
#include "options.h"

namespace load {

class Source {
 public:
    explicit Source(const Options& options);

    // Sends everything; returns the seconds it took.
    double run();

    long accepted() const { return accepted_; }
    long failed() const { return failed_; }
    long connections() const { return connections_; }
    const std::string& first_error() const { return first_error_; }
    // Milliseconds from MAIL (or from connecting, when every message has its connection) to the
    // 250; call after run().
    double latency_ms(double quantile);

 private:
    void session();
    bool greet(Connection& connection);
    bool hello(Connection& connection);
    bool log_in(Connection& connection);
    bool transaction(Connection& connection, long number, std::string& reply);
    std::string text_of(long number) const;
    void note_failure(const std::string& stage, const std::string& reply);

    const Options& options_;
    std::string body_;
    std::atomic<long> next_{0}, next_port_{0}, accepted_{0}, failed_{0}, connections_{0};
    std::mutex mutex_;
    std::vector<float> latencies_ms_;
    std::string first_error_;
};

}  // namespace load
