#include "system/nodes/process.h"

#include <signal.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <fstream>
#include <iterator>
#include <optional>
#include <vector>

#include "base/text.h"

namespace pidge::nodes {

namespace {

constexpr std::size_t parts = 4;
// proc(5), /proc/PID/stat: fields are counted from 1, and those after the name in parentheses,
// which may hold anything, from 3.
constexpr std::size_t state_field = 3, start_time_field = 22;

std::string contents(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

std::string boot_id() {
    return std::string(text::trim(contents("/proc/sys/kernel/random/boot_id")));
}

std::string pid_namespace() {
    std::array<char, 64> name{};
    const ssize_t length = ::readlink("/proc/self/ns/pid", name.data(), name.size());
    return length > 0 ? std::string(name.data(), static_cast<std::size_t>(length)) : "unknown";
}

struct Status {
    char state = '?';
    std::string start_time;
};

std::optional<Status> status_of(const std::string& number) {
    const std::string stat = contents("/proc/" + number + "/stat");
    const std::size_t end_of_name = stat.rfind(')');
    if (end_of_name == std::string::npos || end_of_name + 2 > stat.size()) return std::nullopt;
    const auto fields = text::split(std::string_view(stat).substr(end_of_name + 2), ' ');
    if (fields.size() <= start_time_field - state_field || fields[0].empty()) return std::nullopt;
    return Status{fields[0].front(), std::string(fields[start_time_field - state_field])};
}

}  // namespace

std::string own_process() {
    const std::string number = std::to_string(::getpid());
    const auto status = status_of(number);
    return boot_id() + " " + pid_namespace() + " " + number + " " +
           (status ? status->start_time : "0");
}

Life life_of(std::string_view process) {
    const auto known = text::split(process, ' ');
    if (known.size() != parts || known[0].empty() || known[0] != boot_id() ||
        known[1] != pid_namespace())
        return Life::unknown;
    const auto number = text::parse_u64(known[2]);
    if (!number || *number == 0 || *number > 0x7fff'ffff) return Life::unknown;
    if (::kill(static_cast<pid_t>(*number), 0) != 0 && errno == ESRCH) return Life::gone;
    // Another user's process may be there and not to be read.
    const auto status = status_of(std::to_string(*number));
    if (!status) return Life::unknown;
    const bool is_dead = status->state == 'Z' || status->state == 'X';
    return is_dead || status->start_time != known[3] ? Life::gone : Life::running;
}

std::string_view process_number(std::string_view process) {
    const auto known = text::split(process, ' ');
    return known.size() == parts ? known[2] : std::string_view();
}

}  // namespace pidge::nodes
