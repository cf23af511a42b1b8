#include "system/metrics/exposition.h"

#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

#include "base/metrics.h"
#include "system/metrics/process.h"

namespace pidge::metrics {

namespace {

using Family = prometheus::MetricFamily;

prometheus::ClientMetric sample(Kind kind, double value) {
    prometheus::ClientMetric sample;
    if (kind == Kind::counter)
        sample.counter.value = value;
    else
        sample.gauge.value = value;
    return sample;
}

Family family(std::string_view name, std::string_view help, Kind kind) {
    Family family;
    family.name = name;
    family.help = help;
    family.type =
        kind == Kind::counter ? prometheus::MetricType::Counter : prometheus::MetricType::Gauge;
    return family;
}

// One family for each name; metrics that share it come next to each other.
void add_own(std::vector<Family>& families) {
    for (const Metric* metric : all()) {
        if (families.empty() || families.back().name != metric->name)
            families.push_back(family(metric->name, metric->help, metric->kind));
        auto one = sample(metric->kind, static_cast<double>(metric->value()));
        if (!metric->label_name.empty())
            one.label.push_back(
                {std::string(metric->label_name), std::string(metric->label_value)});
        families.back().metric.push_back(std::move(one));
    }
}

// The names are those that every Prometheus client library uses.
void add_process(std::vector<Family>& families) {
    const auto add = [&](std::string_view name, std::string_view help, Kind kind,
                         const auto& value) {
        if (!value) return;
        families.push_back(family(name, help, kind));
        families.back().metric.push_back(sample(kind, static_cast<double>(*value)));
    };
    const Process process = read_process();
    add("process_cpu_seconds_total", "User and system time in seconds.", Kind::counter,
        process.cpu_seconds);
    add("process_max_fds", "Descriptors that may be open.", Kind::gauge, process.descriptors_max);
    add("process_open_fds", "Descriptors that are open.", Kind::gauge, process.open_descriptors);
    add("process_resident_memory_bytes", "Resident memory.", Kind::gauge, process.resident_bytes);
    add("process_start_time_seconds", "Start of the process, in seconds since 1970.", Kind::gauge,
        process.start_time_seconds);
    add("process_threads", "Threads of the process.", Kind::gauge, process.threads);
    add("process_virtual_memory_bytes", "Virtual memory.", Kind::gauge, process.virtual_bytes);
}

}  // namespace

std::string exposition() {
    std::vector<Family> families;
    add_own(families);
    add_process(families);
    return prometheus::TextSerializer().Serialize(families);
}

}  // namespace pidge::metrics
