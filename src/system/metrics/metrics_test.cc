#include <doctest/doctest.h>

#include "base/metrics.h"
#include "system/metrics/exposition.h"
#include "system/metrics/process.h"

using namespace pidge;

namespace {
metrics::Counter over_smtp{"test_messages_total", "Messages.", "protocol", "smtp"};
metrics::Counter over_lmtp{"test_messages_total", "Messages.", "protocol", "a\"b\\c\nd"};
metrics::Counter octets{"test_octets_total", "Octets."};
metrics::Gauge waiting{"test_waiting", "Waiting."};
}  // namespace

TEST_CASE("metrics stand as Prometheus text, one head for each name") {
    over_smtp.add(3);
    over_lmtp.add();
    waiting.set(-2);
    const std::string text = metrics::exposition();
    CHECK(text.find("# HELP test_messages_total Messages.\n"
                    "# TYPE test_messages_total counter\n"
                    "test_messages_total{protocol=\"a\\\"b\\\\c\\nd\"} 1\n"
                    "test_messages_total{protocol=\"smtp\"} 3\n") != std::string::npos);
    CHECK(text.find("# TYPE test_waiting gauge\ntest_waiting -2\n") != std::string::npos);
    CHECK(text.ends_with("\n"));
}

TEST_CASE("large counters keep all their digits, as far as Prometheus' numbers have them") {
    octets.add(9'007'199'254'740'991);
    CHECK(metrics::exposition().find("test_octets_total 9007199254740991\n") != std::string::npos);
}

TEST_CASE("the process is described") {
    const metrics::Process process = metrics::read_process();
    CHECK(process.resident_bytes.value() > 100'000);
    CHECK(process.virtual_bytes.value() > process.resident_bytes.value());
    CHECK(process.cpu_seconds.value() >= 0);
    CHECK(process.open_descriptors.value() >= 3);
    CHECK(process.descriptors_max.value() >= process.open_descriptors.value());
    CHECK(process.threads.value() >= 1);
    CHECK(process.start_time_seconds.value() > 1.6e9);
    const std::string text = metrics::exposition();
    for (const char* name : {"process_resident_memory_bytes ", "process_cpu_seconds_total ",
                             "process_open_fds ", "process_start_time_seconds "})
        CHECK(text.find(std::string("\n") + name) != std::string::npos);
}
