// The log: structured events, one line each on standard error (systemd's journal takes them from
// there).
//
// An event is declared once, as a constant beside the code that writes it, with a stable id, what
// it means and what an administrator should do; `./dev tidy` collects all of them into
// docs/events.md.
//
//   inline constexpr log::Event tls_failed{
//       "tls-handshake-failed", log::Level::info, "A client's TLS handshake failed.",
//       "Nothing, unless it is one of your own clients: see reason."};
//   log::write(tls_failed, {{"client", peer}, {"reason", why}});
//
// Values are escaped (attacks.md G12, W10). Secrets are never passed. Thread-safe; a line is
// written by one write(2).
#pragma once

#include <concepts>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <string>
#include <string_view>
#include <type_traits>

namespace pidge::log {

enum class Level : std::uint8_t { debug, info, warning, error };

struct Event {
    std::string_view id;
    Level level;
    std::string_view meaning;
    std::string_view advice;  // what the administrator should do; empty: nothing
};

class Field {
 public:
    Field(std::string_view key, std::string_view value) : key(key), value(value) {}
    Field(std::string_view key, const char* value) : key(key), value(value) {}
    Field(std::string_view key, const std::string& value) : key(key), value(value) {}
    template <std::integral T>
    Field(std::string_view key, T number)
        : key(key), value(std::to_string(number)), is_number(!std::same_as<T, bool>) {}

    std::string_view key;
    std::string value;
    bool is_number = false;
};

enum class Form : std::uint8_t { text, json };

struct Options {
    Level least = Level::info;
    Form form = Form::text;
    // Where lines go instead of standard error; for tests. Called under the log's lock.
    std::function<void(std::string_view line)> sink;
};
void configure(Options options);

void write(const Event& event, std::initializer_list<Field> fields = {});

}  // namespace pidge::log
