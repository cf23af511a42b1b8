// What the kernel tells of this process (/proc/self). Absent values could not be read.
#pragma once

#include <cstdint>
#include <optional>

namespace pidge::metrics {

struct Process {
    std::optional<std::uint64_t> resident_bytes;
    std::optional<std::uint64_t> virtual_bytes;
    std::optional<double> cpu_seconds;  // user and system
    std::optional<std::uint64_t> open_descriptors;
    std::optional<std::uint64_t> descriptors_max;
    std::optional<std::uint64_t> threads;
    std::optional<double> start_time_seconds;  // since 1970
};
Process read_process();

}  // namespace pidge::metrics
