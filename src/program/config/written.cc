// How values of options are written in the file (option.h).
#include <fmt/format.h>

#include "program/config/option.h"

namespace pidge::config {
namespace {

template <typename... Ts>
struct Overloaded : Ts... {
    using Ts::operator()...;
};

std::string quoted(std::string_view text) {
    std::string out = "\"";
    for (const char c : text) {
        if (c == '"' || c == '\\') out += '\\';
        out += c;
    }
    return out + "\"";
}

template <typename T, typename F>
std::string list_text(const std::vector<T>& items, F text) {
    std::string out = "[";
    for (const T& item : items) {
        if (out.size() > 1) out += ", ";
        out += quoted(text(item));
    }
    return out + "]";
}

std::string number_text(Type type, std::uint64_t number) {
    if (type == Type::size) return quoted(size_text(number));
    if (type == Type::mode) return fmt::format("\"{:04o}\"", number);
    return fmt::format("{}", number);
}

}  // namespace

std::string size_text(std::uint64_t bytes) {
    constexpr std::array<std::string_view, 4> units = {"GiB", "MiB", "KiB", "B"};
    std::uint64_t unit = 1ULL << 30;
    for (const std::string_view name : units) {
        if (unit == 1 || (bytes != 0 && bytes % unit == 0))
            return fmt::format("{} {}", bytes / unit, name);
        unit >>= 10;
    }
    return {};
}

std::string duration_text(std::chrono::seconds duration) {
    const auto seconds = duration.count();
    if (seconds != 0 && seconds % 86'400 == 0) return fmt::format("{} d", seconds / 86'400);
    if (seconds != 0 && seconds % 3600 == 0) return fmt::format("{} h", seconds / 3600);
    if (seconds != 0 && seconds % 60 == 0) return fmt::format("{} min", seconds / 60);
    return fmt::format("{} s", seconds);
}

std::string written(const Option& option, const Config& config, std::size_t index) {
    // The slot is only read here; slots are made for a Config that can be written to.
    const Slot slot = option.slot(const_cast<Config&>(config), index);
    const auto visit = Overloaded{
        [](std::string* text) { return text->empty() ? std::string() : quoted(*text); },
        [](bool* flag) { return std::string(*flag ? "true" : "false"); },
        [&](std::uint64_t* number) { return number_text(option.type, *number); },
        [](std::chrono::seconds* duration) { return quoted(duration_text(*duration)); },
        [&](Choice chosen) { return quoted(option.choices[*chosen.value]); },
        [](std::optional<net::Endpoint>* endpoint) {
            return *endpoint ? quoted((*endpoint)->text()) : std::string();
        },
        [](std::vector<net::Endpoint>* list) {
            return list_text(*list, [](const auto& item) { return item.text(); });
        },
        [](std::vector<net::Address>* list) {
            return list_text(*list, [](const auto& item) { return item.text(); });
        },
        [](std::vector<net::Network>* list) {
            return list_text(*list, [](const auto& item) { return item.text(); });
        },
        [](std::vector<std::string>* list) {
            return list_text(*list, [](const auto& item) { return item; });
        },
    };
    return std::visit(visit, slot);
}

std::string_view type_text(Type type) {
    switch (type) {
        case Type::text:
            return "text";
        case Type::hostname:
            return "a fully qualified host name";
        case Type::label:
            return "a name of letters, digits, \"-\" and \"_\"";
        case Type::path:
            return "a path; relative ones start at the configuration file";
        case Type::secret:
            return "a path, or \"credential:NAME\" for a credential that systemd loads";
        case Type::flag:
            return "true or false";
        case Type::whole:
            return "a whole number";
        case Type::size:
            return "a size, as \"50 MiB\" (B, KiB, MiB, GiB)";
        case Type::duration:
            return "a duration, as \"4 h\" (s, min, h, d)";
        case Type::mode:
            return "permissions in octal digits, as \"0600\"";
        case Type::choice:
            return "one of the words";
        case Type::words:
            return "a list of the words";
        case Type::endpoint:
            return "an IP address and a port, as \"192.0.2.1:25\" or \"[::]:25\"";
        case Type::endpoints:
            return "a list of IP addresses, with or without a port";
        case Type::addresses:
            return "a list of IP addresses";
        case Type::networks:
            return "a list of networks, as \"192.0.2.0/24\"";
        case Type::stubs:
            return "a list of \"domain@address:port\"";
    }
    return {};
}

}  // namespace pidge::config
