#include "base/log.h"

#include <fmt/chrono.h>
#include <fmt/core.h>
#include <unistd.h>

#include <chrono>
#include <mutex>

#include "base/text.h"

namespace pidge::log {

namespace {
struct State {
    std::mutex mutex;
    Options options;
};
State& state() {
    static State instance;
    return instance;
}

constexpr std::string_view names[] = {"debug", "info", "warning", "error"};

std::string timestamp() {
    const auto now =
        std::chrono::time_point_cast<std::chrono::microseconds>(std::chrono::system_clock::now());
    const auto seconds = std::chrono::floor<std::chrono::seconds>(now);
    return fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:06d}Z",
                       fmt::gmtime(std::chrono::system_clock::to_time_t(seconds)),
                       (now - seconds).count());
}

// printable() leaves quotes and backslashes; both forms of line quote them.
std::string quoted(std::string_view value) {
    std::string out = "\"";
    for (const char c : text::printable(value)) {
        if (c == '"' || c == '\\') out += '\\';
        out += c;
    }
    return out += '"';
}

bool needs_quotes(std::string_view value) {
    if (value.empty()) return true;
    for (const char c : value)
        if (c <= ' ' || c == '"' || c == '\\' || c == '=' || static_cast<unsigned char>(c) >= 127)
            return true;
    return false;
}

std::string line_of(const Event& event, std::initializer_list<Field> fields, Form form) {
    const auto level = names[static_cast<int>(event.level)];
    std::string line;
    if (form == Form::json) {
        line =
            fmt::format(R"({{"time":"{}","level":"{}","event":"{}")", timestamp(), level, event.id);
        for (const Field& field : fields)
            line += fmt::format(R"(,"{}":{})", field.key,
                                field.is_number ? field.value : quoted(field.value));
        line += '}';
    } else {
        line = fmt::format("{} {} {}", timestamp(), level, event.id);
        for (const Field& field : fields)
            line += fmt::format(" {}={}", field.key,
                                needs_quotes(field.value) ? quoted(field.value) : field.value);
        if (event.level >= Level::warning)
            line += fmt::format(" | {} {}", event.meaning, event.advice);
    }
    return line += '\n';
}
}  // namespace

void configure(Options options) {
    const std::lock_guard lock(state().mutex);
    state().options = std::move(options);
}

void write(const Event& event, std::initializer_list<Field> fields) {
    State& log = state();
    const std::lock_guard lock(log.mutex);
    if (event.level < log.options.least) return;
    const std::string line = line_of(event, fields, log.options.form);
    if (log.options.sink) return log.options.sink(line);
    // Nobody can be told when standard error is gone.
    [[maybe_unused]] const ssize_t written = ::write(STDERR_FILENO, line.data(), line.size());
}

}  // namespace pidge::log
