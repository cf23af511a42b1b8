#include "system/nodes/level.h"

#include "formats/record/record.h"

namespace pidge::nodes {

namespace {

constexpr std::uint8_t version_1 = 1;
constexpr std::uint32_t format_field = 1, joins_field = 2;

}  // namespace

Bytes record_of(const Level& level) {
    record::Writer out(version_1);
    out.number(format_field, level.format);
    out.number(joins_field, level.joins);
    return out.take();
}

std::optional<Level> read_level(std::string_view record) {
    Level level{.format = 0};
    record::Reader in(record);
    while (const auto found = in.next()) {
        if (found->number == format_field) level.format = static_cast<std::uint32_t>(found->value);
        if (found->number == joins_field) level.joins = found->value;
    }
    if (in.is_broken() || in.version() != version_1 || level.format == 0) return std::nullopt;
    return level;
}

}  // namespace pidge::nodes
