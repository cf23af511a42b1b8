#include "mail/audit/entry.h"

#include <algorithm>

namespace pidge::audit {

namespace {

constexpr TypeInfo type_table[] = {
    {Type::session_open, "session-open", "A client connected."},
    {Type::session_close, "session-close", "A client's connection ended."},
    {Type::auth_ok, "auth-ok", "Somebody proved who they are."},
    {Type::auth_fail, "auth-fail", "A password or other proof was wrong."},
    {Type::reject, "reject",
     "A command or message was refused; with a count where like refusals were folded."},
    {Type::accept, "accept", "A message was accepted: who, from where, to whom, what."},
    {Type::expand, "expand", "An address was replaced by those it stands for."},
    {Type::attempt, "attempt", "A delivery was tried; with the remote's replies."},
    {Type::outcome, "outcome", "The fate of recipients was settled."},
    {Type::dsn_sent, "dsn-sent", "A failure or delay report was sent to the sender."},
    {Type::admin_action, "admin-action", "An administrator changed something."},
    {Type::config_change, "config-change", "Another configuration came into force."},
    {Type::range_change, "range-change",
     "A network that submits without credentials was added or removed."},
    {Type::access, "access", "Somebody searched or read this log."},
    {Type::start, "start", "The program started."},
    {Type::stop, "stop", "The program ended in order."},
    {Type::heartbeat, "heartbeat", "The program was alive; with running counts."},
    {Type::clock_step, "clock-step", "The clock was set."},
};

constexpr int version = 1;

Bytes length_prefix(std::size_t length) {
    Bytes prefix(4, '\0');
    for (std::size_t i = 0; i < 4; ++i) prefix[i] = static_cast<char>(length >> (24 - 8 * i));
    return prefix;
}

std::int64_t number_in(const cbor::Map& map, const char* key) {
    const auto found = map.find(key);
    return found != map.end() && found->second.number() ? *found->second.number() : 0;
}

}  // namespace

std::span<const TypeInfo> types() {
    return type_table;
}

std::string_view type_name(Type type) {
    const auto found = std::ranges::find(type_table, type, &TypeInfo::type);
    return found == std::end(type_table) ? "unknown" : found->name;
}

std::optional<Type> find_type(std::string_view name) {
    const auto found = std::ranges::find(type_table, name, &TypeInfo::name);
    if (found == std::end(type_table)) return std::nullopt;
    return found->type;
}

Bytes encode(const Entry& entry) {
    using std::chrono::days;
    const std::chrono::year_month_day date(std::chrono::floor<days>(entry.wall));
    const std::int64_t day = static_cast<int>(date.year()) * 10000 +
                             static_cast<std::int64_t>(static_cast<unsigned>(date.month())) * 100 +
                             static_cast<unsigned>(date.day());
    const Bytes outer = cbor::encode(cbor::Map{
        {"v", version},
        {"day", day},
        {"boot", cbor::Octets{entry.boot}},
        {"mono", entry.mono_ns},
        {"wall", static_cast<std::int64_t>(entry.wall.time_since_epoch().count())},
        {"src", entry.source},
        {"type", static_cast<std::int64_t>(entry.type)},
        {"epoch", 0},
    });
    Bytes bytes = length_prefix(outer.size());
    bytes += outer;
    cbor::encode_to(bytes, entry.fields);
    return bytes;
}

std::optional<Entry> decode(std::string_view bytes) {
    if (bytes.size() < 4) return std::nullopt;
    std::size_t outer_size = 0;
    for (int i = 0; i < 4; ++i) outer_size = outer_size << 8 | static_cast<unsigned char>(bytes[i]);
    bytes.remove_prefix(4);
    if (outer_size > bytes.size()) return std::nullopt;
    std::string_view outer_bytes = bytes.substr(0, outer_size);
    bytes.remove_prefix(outer_size);
    const auto outer = cbor::decode(outer_bytes);
    const auto inner = cbor::decode(bytes);
    if (!outer || !outer->map() || !outer_bytes.empty() || !inner || !inner->map() ||
        !bytes.empty())
        return std::nullopt;
    const cbor::Map& map = *outer->map();
    Entry entry{
        .type = static_cast<Type>(number_in(map, "type")),
        .wall = WallTime(std::chrono::microseconds(number_in(map, "wall"))),
        .mono_ns = number_in(map, "mono"),
        .fields = *inner->map(),
    };
    if (const auto source = map.find("src"); source != map.end() && source->second.text())
        entry.source = *source->second.text();
    if (const auto boot = map.find("boot"); boot != map.end() && boot->second.octets())
        entry.boot = boot->second.octets()->bytes;
    return entry;
}

}  // namespace pidge::audit
