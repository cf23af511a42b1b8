#include "system/nodes/node.h"

#include "formats/record/record.h"
#include "system/nodes/limits.h"
#include "system/store/octets.h"

namespace pidge::nodes {

namespace {

constexpr std::uint8_t version_1 = 1;

// The numbers are on disk: never change or reuse one.
namespace field {
enum Number : std::uint32_t {
    name = 1,
    version = 2,
    host = 3,
    format_newest = 4,
    role = 5,
    address = 6,
    state = 7,
    started = 8,
    seen = 9,
    boot = 10,
    process = 11,
};
}  // namespace field

std::int64_t ticks(WallTime time) {
    return time.time_since_epoch().count();
}
WallTime time_of(std::int64_t ticks) {
    return WallTime(std::chrono::microseconds(ticks));
}

void read_field(const record::Field& found, Node& node) {
    switch (found.number) {
        case field::name:
            node.name = found.bytes;
            break;
        case field::version:
            node.version = found.bytes;
            break;
        case field::host:
            node.host = found.bytes;
            break;
        case field::format_newest:
            node.format_newest = static_cast<std::uint32_t>(found.value);
            break;
        case field::role:
            node.roles.emplace_back(found.bytes);
            break;
        case field::address:
            node.addresses.emplace_back(found.bytes);
            break;
        case field::state:
            node.state = found.value <= 3 ? static_cast<State>(found.value) : State::down;
            break;
        case field::started:
            node.started = time_of(found.signed_value());
            break;
        case field::seen:
            node.seen = time_of(found.signed_value());
            break;
        case field::boot:
            node.boot = found.bytes;
            break;
        case field::process:
            node.process = found.bytes;
            break;
        default:
            break;  // of a newer version
    }
}

}  // namespace

std::string_view state_name(State state) {
    switch (state) {
        case State::up:
            return "up";
        case State::draining:
            return "draining";
        case State::drained:
            return "drained";
        case State::down:
            break;
    }
    return "down";
}

// The row stays of this form whatever formats other records have: nodes of all versions read it.
Bytes record_of(const Node& node) {
    record::Writer out(version_1);
    out.bytes(field::name, node.name);
    out.bytes(field::version, node.version);
    out.bytes(field::host, node.host);
    out.number(field::format_newest, node.format_newest);
    for (const std::string& role : node.roles) out.element(field::role, role);
    for (const std::string& address : node.addresses) out.element(field::address, address);
    out.number(field::state, static_cast<std::uint64_t>(node.state));
    out.signed_number(field::started, ticks(node.started));
    out.signed_number(field::seen, ticks(node.seen));
    out.bytes(field::boot, node.boot);
    out.bytes(field::process, node.process);
    return out.take();
}

std::optional<Node> read_node(std::string_view record) {
    Node node;
    record::Reader in(record);
    while (const auto found = in.next()) read_field(*found, node);
    if (in.is_broken() || in.version() != version_1 || node.name.empty()) return std::nullopt;
    return node;
}

Bytes node_key(std::string_view name) {
    return "n" + Bytes(name);
}
Bytes wish_key(std::string_view name) {
    return "w" + Bytes(name);
}
Bytes wish_record(Wish wish) {
    return wish == Wish::drain ? "drain" : "serve";
}
std::optional<Wish> read_wish(std::string_view record) {
    if (record == "drain") return Wish::drain;
    if (record == "serve") return Wish::serve;
    return std::nullopt;
}

net::Task<std::vector<Seen>> read_nodes(store::Store& store) {
    const WallTime now = co_await store.now();
    const auto rows =
        co_await store.scan(store::Space::node, {.from = node_key({}),
                                                 .to = store::after_prefix(node_key({})),
                                                 .limit = limits::nodes_max});
    std::vector<std::pair<store::Space, Bytes>> wishes;
    std::vector<Seen> nodes;
    for (const store::Item& row : rows) {
        const auto node = read_node(row.value);
        if (!node) continue;
        Seen seen{*node, Wish::serve, node->state};
        if (now - node->seen > limits::silent) seen.state = State::down;
        wishes.emplace_back(store::Space::node, wish_key(node->name));
        nodes.push_back(std::move(seen));
    }
    const auto found = co_await store.multi_get(std::move(wishes));
    for (std::size_t i = 0; i < nodes.size(); ++i)
        if (found[i]) nodes[i].wish = read_wish(*found[i]).value_or(Wish::serve);
    co_return nodes;
}

}  // namespace pidge::nodes
