#include "program/config/quantity.h"

#include <array>

#include "base/text.h"

namespace pidge::config {
namespace {

struct Unit {
    std::string_view name;
    std::uint64_t factor;
};

std::optional<std::uint64_t> parse_quantity(std::string_view text, std::span<const Unit> units) {
    std::size_t digits = 0;
    while (digits < text.size() && text::is_digit(text[digits])) ++digits;
    const auto number = text::parse_u64(text.substr(0, digits));
    if (!number) return std::nullopt;
    std::string_view name = text.substr(digits);
    if (name.starts_with(' ')) name.remove_prefix(1);
    for (const Unit& unit : units) {
        if (unit.name != name) continue;
        std::uint64_t product = 0;
        if (__builtin_mul_overflow(*number, unit.factor, &product)) return std::nullopt;
        return product;
    }
    return std::nullopt;
}

}  // namespace

std::optional<std::uint64_t> parse_size(std::string_view text) {
    constexpr std::array<Unit, 4> units = {
        {{"B", 1}, {"KiB", 1ULL << 10}, {"MiB", 1ULL << 20}, {"GiB", 1ULL << 30}}};
    return parse_quantity(text, units);
}

std::optional<std::chrono::seconds> parse_duration(std::string_view text) {
    constexpr std::array<Unit, 4> units = {{{"s", 1}, {"min", 60}, {"h", 3600}, {"d", 86'400}}};
    constexpr std::uint64_t seconds_max = 1ULL << 40;  // far beyond any bound of an option
    const auto seconds = parse_quantity(text, units);
    if (!seconds || *seconds > seconds_max) return std::nullopt;
    return std::chrono::seconds(*seconds);
}

std::optional<std::uint64_t> parse_mode(std::string_view text) {
    if (text.size() == 4 && text.front() == '0') text.remove_prefix(1);
    if (text.size() != 3) return std::nullopt;
    std::uint64_t mode = 0;
    for (const char c : text) {
        if (c < '0' || c > '7') return std::nullopt;
        mode = mode * 8 + static_cast<std::uint64_t>(c - '0');
    }
    return mode;
}

}  // namespace pidge::config
