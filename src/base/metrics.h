// Counters and gauges for /metrics and the service reports. A metric is a constant-initialised
// global beside the code that moves it: `metrics::Counter accepted{"pidge_messages_accepted_total",
// "Messages answered with 250."};` It registers itself and must live for ever. Moving it is one
// relaxed atomic operation; thread-safe.
#pragma once

#include <atomic>
#include <cstdint>
#include <string_view>
#include <vector>

namespace pidge::metrics {

enum class Kind : std::uint8_t { counter, gauge };

class Metric {
 public:
    Metric(Kind kind, std::string_view name, std::string_view help,
           std::string_view label_name = {}, std::string_view label_value = {});
    Metric(const Metric&) = delete;

    std::int64_t value() const { return value_.load(std::memory_order_relaxed); }

    const Kind kind;
    const std::string_view name;  // Prometheus name with its unit
    const std::string_view help;
    const std::string_view label_name,
        label_value;  // at most one label; metrics of one name stand together

 protected:
    std::atomic<std::int64_t> value_{0};
};

class Counter : public Metric {
 public:
    explicit Counter(std::string_view name, std::string_view help, std::string_view label_name = {},
                     std::string_view label_value = {})
        : Metric(Kind::counter, name, help, label_name, label_value) {}
    void add(std::int64_t n = 1) { value_.fetch_add(n, std::memory_order_relaxed); }
};

class Gauge : public Metric {
 public:
    explicit Gauge(std::string_view name, std::string_view help, std::string_view label_name = {},
                   std::string_view label_value = {})
        : Metric(Kind::gauge, name, help, label_name, label_value) {}
    void set(std::int64_t n) { value_.store(n, std::memory_order_relaxed); }
    void add(std::int64_t n) { value_.fetch_add(n, std::memory_order_relaxed); }
};

// All metrics of the program, in order of name.
std::vector<const Metric*> all();

}  // namespace pidge::metrics
