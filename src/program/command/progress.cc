#include "program/command/progress.h"

#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <csignal>
#include <cstdio>

#include <fmt/format.h>

namespace pidge::command {
namespace {

using namespace std::chrono_literals;

constexpr auto terminal_interval = 200ms;
constexpr auto other_interval = 5s;

std::atomic<bool> is_asked_to_stop = false;

void on_signal(int) {
    is_asked_to_stop = true;
}

std::string size_text(double octets) {
    constexpr double step = 1024;
    for (const char* unit : {"B", "KiB", "MiB", "GiB"}) {
        if (octets < step) return fmt::format("{:.{}f} {}", octets, octets < 10 ? 1 : 0, unit);
        octets /= step;
    }
    return fmt::format("{:.1f} TiB", octets);
}

}  // namespace

bool is_stop_wanted() {
    return is_asked_to_stop;
}

ProgressLine::ProgressLine(std::string what, Shown shown)
    : what_(std::move(what)),
      is_shown_(shown == Shown::yes),
      is_terminal_(::isatty(STDERR_FILENO) == 1),
      started_(system_clock().steady()),
      next_(started_) {
    struct sigaction action{};
    action.sa_handler = on_signal;  // without SA_RESTART: a read of a silent pipe ends too
    for (const int number : {SIGINT, SIGTERM}) ::sigaction(number, &action, nullptr);
    std::signal(SIGPIPE, SIG_IGN);
}

ProgressLine::~ProgressLine() {
    if (has_line_ && is_terminal_) std::fputs("\n", stderr);
}

double ProgressLine::seconds() const {
    return std::chrono::duration<double>(system_clock().steady() - started_).count();
}

bool ProgressLine::update(std::string_view where, std::uint64_t records, std::uint64_t octets,
                          std::optional<std::uint64_t> octets_left) {
    const SteadyTime now = system_clock().steady();
    if (is_shown_ && now >= next_) {
        next_ = now + (is_terminal_
                           ? terminal_interval
                           : std::chrono::duration_cast<std::chrono::milliseconds>(other_interval));
        const double rate = static_cast<double>(octets) / std::max(seconds(), 0.001);
        std::string line = fmt::format("{}: {}: {} records, {}, {}/s", what_, where, records,
                                       size_text(static_cast<double>(octets)), size_text(rate));
        if (octets_left) {
            const auto left = static_cast<double>(*octets_left);
            line += fmt::format(", about {} and {:.0f} s left", size_text(left),
                                left / std::max(rate, 1.0));
        }
        std::fputs(
            fmt::format("{}{}{}", is_terminal_ ? "\r\x1b[K" : "", line, is_terminal_ ? "" : "\n")
                .c_str(),
            stderr);
        has_line_ = true;
    }
    return !is_asked_to_stop;
}

}  // namespace pidge::command
