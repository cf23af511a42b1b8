// The receiving side: an SMTP server that counts messages and throws them away, or appends them to
// one log and answers after a sync shared by all that wait: what "one log write per message" can
// reach on this disk with this loader.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <string>
#include <string_view>

namespace load {

class Sink {
 public:
    // Listens on 127.0.0.1; ends the program when the port or the log cannot be had. Lives until
    // the program ends.
    Sink(int port, const std::string& log_path);

    // Until `count` messages came, or `patience` is over.
    void wait_for(long count, std::chrono::seconds patience) const;

    long messages() const { return messages_; }
    long connections() const { return connections_; }
    long syncs() const { return syncs_; }
    bool is_logging() const { return log_descriptor_ >= 0; }
    // Seconds from construction to the newest message.
    double newest_s() const { return newest_s_; }

 private:
    void accept_all(int listener);
    void serve(int descriptor);
    void commit(std::string_view message);
    void write_log();

    const std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
    std::atomic<long> messages_{0}, connections_{0}, syncs_{0};
    std::atomic<double> newest_s_{0};

    int log_descriptor_ = -1;
    std::mutex mutex_;
    std::condition_variable more_, done_;
    std::string pending_;
    long queued_ = 0, durable_ = 0;
};

}  // namespace load
