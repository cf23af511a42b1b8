// Node: one pidge among equals on the store [O1, O7]. Nodes make and unmake themselves; what can be
// set is whether one is to take new work.
#include <fmt/format.h>

#include "services/admin/commit.h"
#include "services/admin/encode.h"
#include "services/admin/paging.h"
#include "services/admin/types.h"
#include "system/nodes/node.h"

namespace pidge::admin {
namespace {

constexpr std::array<std::string_view, 11> node_properties = {
    "id",           "name",  "state",     "wish",    "version", "host",
    "formatNewest", "roles", "addresses", "started", "seen"};

std::string_view wish_name(nodes::Wish wish) {
    return wish == nodes::Wish::drain ? "drain" : "serve";
}

std::array<std::string_view, 4> states() {
    using nodes::State;
    return {nodes::state_name(State::up), nodes::state_name(State::draining),
            nodes::state_name(State::drained), nodes::state_name(State::down)};
}

json::Object encode(const nodes::Seen& seen) {
    return {{"id", seen.node.name},
            {"name", seen.node.name},
            {"state", nodes::state_name(seen.state)},
            {"wish", wish_name(seen.wish)},
            {"version", seen.node.version},
            {"host", seen.node.host},
            {"formatNewest", seen.node.format_newest},
            {"roles", texts(seen.node.roles)},
            {"addresses", texts(seen.node.addresses)},
            {"started", utc_text(seen.node.started)},
            {"seen", utc_text(seen.node.seen)}};
}

class NodeType final : public DataType {
 public:
    explicit NodeType(Parts& parts) : parts_(parts) {}

    std::string_view name() const override { return "Node"; }
    std::span<const std::string_view> properties() const override { return node_properties; }
    net::Task<std::string> state() override { co_return co_await state_of(parts_.store, name()); }

    net::Task<std::optional<json::Object>> get(std::string id) override {
        for (const nodes::Seen& seen : co_await nodes::read_nodes(parts_.store))
            if (seen.node.name == id) co_return encode(seen);
        co_return std::nullopt;
    }

    net::Task<Result<QueryAnswer>> query(QueryRequest request) override {
        CO_TRY(check_filter(request.filter, {"state"}));
        const std::string state = CO_TRY(filter_word(request.filter, "state", states()));
        std::vector<Sortable> found;
        for (const nodes::Seen& seen : co_await nodes::read_nodes(parts_.store))
            if (state.empty() || nodes::state_name(seen.state) == state)
                found.push_back({seen.node.name, seen.node.name});
        co_return ordered(std::move(found), request.is_ascending);
    }

    net::Task<Result<Plan>> plan_update(std::string id, json::Place patch) override {
        CO_TRY(patch.only({"wish"}));
        const std::string wanted = CO_TRY(patch.string("wish"));
        const auto wish = nodes::read_wish(wanted);
        if (!wish) co_return CO_TRY(patch.get("wish")).refusal("expected \"serve\" or \"drain\"");
        const auto before = co_await get(id);
        if (!before)
            co_return Refusal{.kind = Refusal::Kind::not_found,
                              .text = fmt::format("There is no node {}.", id)};
        Plan plan;
        plan.id = id;
        plan.change.check_present(store::Space::node, nodes::node_key(id));
        plan.change.put(store::Space::node, nodes::wish_key(id), nodes::wish_record(*wish));
        plan.change.hint(Bytes(nodes::nodes_subject));
        plan.before = {{"wish", *before->find("wish")}};
        plan.after = {{"wish", wanted}};
        note_changed(plan.change, name());
        co_return plan;
    }

 private:
    Parts& parts_;
};

}  // namespace

std::unique_ptr<DataType> node_type(Parts& parts) {
    return std::make_unique<NodeType>(parts);
}

}  // namespace pidge::admin
