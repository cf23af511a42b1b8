#include "system/metrics/process.h"

#include <sys/resource.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "base/text.h"

namespace pidge::metrics {

namespace {

std::string contents(const char* path) {
    std::ifstream in(path);
    std::ostringstream out;
    out << in.rdbuf();
    return std::move(out).str();
}

std::optional<std::uint64_t> boot_time_seconds() {
    const std::string stat = contents("/proc/stat");
    for (const std::string_view line : text::split(stat, '\n'))
        if (line.starts_with("btime ")) return text::parse_u64(line.substr(6));
    return std::nullopt;
}

std::optional<std::uint64_t> count_descriptors() {
    std::error_code error;
    std::uint64_t count = 0;
    for (std::filesystem::directory_iterator entry("/proc/self/fd", error), end;
         !error && entry != end; entry.increment(error))
        ++count;
    if (error || count == 0) return std::nullopt;
    return count - 1;  // the folder itself was open
}

}  // namespace

Process read_process() {
    Process process{.open_descriptors = count_descriptors()};
    if (rlimit limit{}; ::getrlimit(RLIMIT_NOFILE, &limit) == 0)
        process.descriptors_max = limit.rlim_cur;
    if (rusage usage{}; ::getrusage(RUSAGE_SELF, &usage) == 0) {
        const auto seconds = [](const timeval& time) {
            return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
        };
        process.cpu_seconds = seconds(usage.ru_utime) + seconds(usage.ru_stime);
    }
    // proc(5): the fields after the name, which stands in parentheses and may hold anything, begin
    // with the third.
    const std::string stat = contents("/proc/self/stat");
    const std::size_t name_end = stat.rfind(") ");
    if (name_end == std::string::npos) return process;
    const auto fields = text::split(std::string_view(stat).substr(name_end + 2), ' ');
    const auto field = [&](std::size_t number) -> std::optional<std::uint64_t> {
        return number - 3 < fields.size() ? text::parse_u64(text::trim(fields[number - 3]))
                                          : std::nullopt;
    };
    process.threads = field(20);
    process.virtual_bytes = field(23);
    if (const auto pages = field(24))
        process.resident_bytes = *pages * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
    const auto boot = boot_time_seconds();
    if (const auto ticks = field(22); ticks && boot)
        process.start_time_seconds =
            static_cast<double>(*boot) +
            static_cast<double>(*ticks) / static_cast<double>(::sysconf(_SC_CLK_TCK));
    return process;
}

}  // namespace pidge::metrics
