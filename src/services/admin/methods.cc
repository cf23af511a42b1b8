#include "services/admin/methods.h"

#include <fmt/format.h>

#include "formats/json/place.h"
#include "formats/json/text.h"
#include "services/admin/limits.h"

namespace pidge::admin {
namespace {

std::unexpected<MethodError> fail(std::string type, std::string description = {}) {
    return std::unexpected(MethodError{std::move(type), std::move(description)});
}

json::Object chosen(const json::Object& object, const std::vector<std::string>& properties) {
    if (properties.empty()) return object;
    json::Object out;
    if (const json::Value* id = object.find("id")) out.set("id", *id);
    for (const std::string& property : properties)
        if (const json::Value* value = object.find(property)) out.set(property, *value);
    return out;
}

struct GetArguments {
    std::optional<std::vector<std::string>> ids;
    std::vector<std::string> properties;  // empty: all
};

Result<GetArguments> read_get(const json::Value& value, const DataType& type) {
    const json::Place in(value);
    TRY(in.only({"accountId", "ids", "properties"}));
    GetArguments out;
    if (const auto ids = TRY(in.find("ids"))) {
        out.ids.emplace();
        for (const json::Place& id : TRY(ids->array())) out.ids->push_back(TRY(id.string()));
    }
    for (const json::Place& property : TRY(in.array_or_empty("properties"))) {
        out.properties.push_back(TRY(property.string()));
        const auto known = type.properties();
        if (std::ranges::find(known, out.properties.back()) == known.end())
            return property.refusal("there is no such property");
    }
    return out;
}

struct QueryArguments {
    QueryRequest request;
    std::int64_t position = 0;
    std::size_t limit = limits::query_page_max;
    bool is_cut = false;  // the client asked for more than the limit
};

Result<QueryArguments> read_query(const json::Value& value, const DataType& type) {
    const json::Place in(value);
    TRY(in.only({"accountId", "filter", "sort", "position", "anchor", "anchorOffset", "limit",
                 "calculateTotal"}));
    QueryArguments out;
    out.request.filter = TRY(in.find("filter"));
    constexpr std::int64_t position_max = limits::query_objects_max;
    out.position = TRY(in.integer_or("position", 0, -position_max, position_max));
    const auto limit = TRY(in.integer_or("limit", limits::query_page_max, 0));
    out.is_cut = static_cast<std::uint64_t>(limit) > limits::query_page_max;
    out.limit = std::min<std::size_t>(static_cast<std::size_t>(limit), limits::query_page_max);
    out.request.wants_total = TRY(in.boolean_or("calculateTotal", false));
    if (TRY(in.find("anchor"))) return in.refusal("anchor is not supported; use position");
    const std::vector<json::Place> sorts = TRY(in.array_or_empty("sort"));
    if (sorts.size() > 1)
        return Refusal{.kind = Refusal::Kind::sequence, .text = "Sort by one property."};
    for (const json::Place& sort : sorts) {
        out.request.sort = TRY(sort.string("property"));
        out.request.is_ascending = TRY(sort.boolean_or("isAscending", true));
        const auto known = type.sort_properties();
        if (std::ranges::find(known, out.request.sort) == known.end())
            return Refusal{
                .kind = Refusal::Kind::sequence,
                .text = fmt::format("{} cannot be sorted by {}.", type.name(), out.request.sort)};
    }
    // From the end: all of them are needed to know where that is.
    out.request.needed = out.position < 0 ? limits::query_objects_max
                                          : static_cast<std::size_t>(out.position) + out.limit;
    return out;
}

// Ids of things created earlier in this request stand as "#creation id".
std::optional<std::string> real_id(const std::string& id, const json::Object& created) {
    if (!id.starts_with('#')) return id;
    const json::Value* found = created.find(id.substr(1));
    if (found == nullptr || !found->is_string()) return std::nullopt;
    return found->string();
}

json::Object with_real_ids(const json::Object& object, const json::Object& created) {
    json::Object out = object;
    for (const json::Member& member : object)
        if (member.value.is_string())
            if (const auto id = real_id(member.value.string(), created)) out.set(member.name, *id);
    return out;
}

class Set {
 public:
    Set(Parts& parts, DataType& type, Caller caller, const json::Object& arguments,
        json::Object& created)
        : parts_(parts),
          type_(type),
          caller_(std::move(caller)),
          arguments_(arguments),
          created_ids_(created) {}

    net::Task<MethodResult> run() {
        const std::string before = co_await type_.state();
        if (const json::Value* wanted = arguments_.find("ifInState"))
            if (wanted->is_string() && wanted->string() != before)
                co_return fail("stateMismatch", "Somebody has changed something meanwhile.");
        if (count("create") + count("update") + count("destroy") > limits::objects_in_set_max)
            co_return fail("requestTooLarge");
        co_await create();
        co_await update();
        co_await destroy();
        json::Object out;
        out.set("accountId", site_account);
        out.set("oldState", before);
        out.set("newState", co_await type_.state());
        const auto put = [&](const char* name, json::Object& members) {
            out.set(name, members.empty() ? json::Value() : json::Value(std::move(members)));
        };
        put("created", created_);
        put("updated", updated_);
        out.set("destroyed", destroyed_.empty() ? json::Value() : json::Value(destroyed_));
        put("notCreated", not_created_);
        put("notUpdated", not_updated_);
        put("notDestroyed", not_destroyed_);
        co_return out;
    }

 private:
    std::size_t count(const char* name) const {
        const json::Value* value = arguments_.find(name);
        if (value == nullptr) return 0;
        if (value->is_object()) return value->object().size();
        return value->is_array() ? value->array().size() : 0;
    }

    std::string what(const char* kind) const {
        return fmt::format("{}/set {}", type_.name(), kind);
    }

    net::Task<void> create() {
        const json::Value* all = arguments_.find("create");
        if (all == nullptr || !all->is_object()) co_return;
        for (const json::Member& member : all->object()) {
            if (!member.value.is_object()) {
                not_created_.set(member.name, set_error({.text = "Expected an object."}));
                continue;
            }
            const json::Value object = with_real_ids(member.value.object(), created_ids_);
            const Planner planner = [&] { return type_.plan_create(json::Place(object)); };
            auto plan = co_await carry_out(parts_, caller_, what("create"), planner);
            if (!plan) {
                not_created_.set(member.name, set_error(plan.error()));
                continue;
            }
            plan->told.set("id", plan->id);
            created_.set(member.name, std::move(plan->told));
            created_ids_.set(member.name, plan->id);
        }
    }

    net::Task<void> update() {
        const json::Value* all = arguments_.find("update");
        if (all == nullptr || !all->is_object()) co_return;
        for (const json::Member& member : all->object()) {
            const auto id = real_id(member.name, created_ids_);
            if (!id || !member.value.is_object()) {
                not_updated_.set(
                    member.name,
                    set_error({.kind = id ? Refusal::Kind::syntax : Refusal::Kind::not_found,
                               .text = id ? "Expected an object."
                                          : "Nothing was created under that id."}));
                continue;
            }
            const json::Value patch = with_real_ids(member.value.object(), created_ids_);
            const Planner planner = [&] { return type_.plan_update(*id, json::Place(patch)); };
            auto plan = co_await carry_out(parts_, caller_, what("update"), planner);
            if (!plan)
                not_updated_.set(member.name, set_error(plan.error()));
            else
                updated_.set(member.name, plan->told.empty() ? json::Value()
                                                             : json::Value(std::move(plan->told)));
        }
    }

    net::Task<void> destroy() {
        const json::Value* all = arguments_.find("destroy");
        if (all == nullptr || !all->is_array()) co_return;
        for (const json::Value& item : all->array()) {
            const auto id = item.is_string() ? real_id(item.string(), created_ids_) : std::nullopt;
            if (!id) continue;
            const Planner planner = [&] {
                return type_.plan_destroy(*id, json::Place(arguments_));
            };
            auto plan = co_await carry_out(parts_, caller_, what("destroy"), planner);
            if (!plan)
                not_destroyed_.set(item.string(), set_error(plan.error()));
            else
                destroyed_.push_back(item.string());
        }
    }

    Parts& parts_;
    DataType& type_;
    const Caller caller_;
    const json::Value arguments_;
    json::Object& created_ids_;
    json::Object created_, updated_, not_created_, not_updated_, not_destroyed_;
    json::Array destroyed_;
};

Result<> check_set(const json::Value& value) {
    const json::Place in(value);
    TRY(in.only({"accountId", "ifInState", "create", "update", "destroy", "report"}));
    for (const char* name : {"create", "update"}) {
        const auto all = TRY(in.find(name));
        if (all) TRY(all->members());
    }
    for (const json::Place& id : TRY(in.array_or_empty("destroy"))) TRY(id.string());
    TRY(in.boolean_or("report", false));
    return {};
}

}  // namespace

MethodError error_of(const Refusal& refusal) {
    switch (refusal.kind) {
        case Refusal::Kind::unsupported:
            return {"unsupportedFilter", refusal.text};
        case Refusal::Kind::sequence:
            return {"unsupportedSort", refusal.text};
        case Refusal::Kind::policy:
            return {"forbidden", refusal.text};
        case Refusal::Kind::limit:
            return {"requestTooLarge", refusal.text};
        case Refusal::Kind::temporary:
            return {"serverUnavailable", refusal.text};
        default:
            return {"invalidArguments", refusal.text};
    }
}

json::Object set_error(const Refusal& refusal) {
    std::string_view type = "invalidProperties";
    switch (refusal.kind) {
        case Refusal::Kind::not_found:
            type = "notFound";
            break;
        case Refusal::Kind::conflict:
            type = "alreadyExists";
            break;
        case Refusal::Kind::policy:
        case Refusal::Kind::unsupported:
            type = "forbidden";
            break;
        case Refusal::Kind::limit:
            type = "overQuota";
            break;
        case Refusal::Kind::temporary:
            type = "serverUnavailable";
            break;
        default:
            break;
    }
    return {{"type", type}, {"description", refusal.text}};
}

net::Task<Result<Plan>> DataType::plan_create(json::Place) {
    co_return Refusal{.kind = Refusal::Kind::policy,
                      .text = fmt::format("{} cannot be created.", name())};
}

net::Task<Result<Plan>> DataType::plan_update(std::string, json::Place) {
    co_return Refusal{.kind = Refusal::Kind::policy,
                      .text = fmt::format("{} cannot be changed.", name())};
}

net::Task<Result<Plan>> DataType::plan_destroy(std::string, json::Place) {
    co_return Refusal{.kind = Refusal::Kind::policy,
                      .text = fmt::format("{} cannot be removed.", name())};
}

net::Task<MethodResult> get_method(Parts& parts, DataType& type, Caller caller,
                                   json::Object arguments) {
    const json::Value value(arguments);
    auto read = read_get(value, type);
    if (!read) co_return std::unexpected(error_of(read.error()));
    if (!read->ids) {
        // RFC 8620 §5.1: all of them, when there are not too many.
        auto all = co_await type.query({.needed = limits::objects_in_get_max + 1});
        if (!all) co_return std::unexpected(error_of(all.error()));
        read->ids = std::move(all->ids);
    }
    if (read->ids->size() > limits::objects_in_get_max) co_return fail("requestTooLarge");
    if (type.is_reading_recorded())
        co_await record_access(parts, caller, fmt::format("{}/get", type.name()),
                               json::serialise(value));
    json::Array list, not_found;
    for (const std::string& id : *read->ids) {
        auto object = co_await type.get(id);
        if (object)
            list.push_back(chosen(*object, read->properties));
        else
            not_found.push_back(id);
    }
    json::Object out;
    out.set("accountId", site_account);
    out.set("state", co_await type.state());
    out.set("list", std::move(list));
    out.set("notFound", std::move(not_found));
    co_return out;
}

net::Task<MethodResult> query_method(Parts& parts, DataType& type, Caller caller,
                                     json::Object arguments) {
    const json::Value value(arguments);
    auto read = read_query(value, type);
    if (!read) co_return std::unexpected(error_of(read.error()));
    if (type.is_reading_recorded())
        co_await record_access(parts, caller, fmt::format("{}/query", type.name()),
                               json::serialise(value));
    auto found = co_await type.query(read->request);
    if (!found) co_return std::unexpected(error_of(found.error()));
    const auto size = static_cast<std::int64_t>(found->ids.size());
    std::int64_t first = read->position < 0 ? size + read->position : read->position;
    first = std::clamp<std::int64_t>(first, 0, size);
    const auto end = std::min<std::int64_t>(size, first + static_cast<std::int64_t>(read->limit));
    json::Array ids;
    for (std::int64_t i = first; i < end; ++i)
        ids.push_back(found->ids[static_cast<std::size_t>(i)]);
    json::Object out;
    out.set("accountId", site_account);
    out.set("queryState", co_await type.state());
    out.set("canCalculateChanges", false);
    out.set("position", first);
    out.set("ids", std::move(ids));
    if (read->request.wants_total && found->total) out.set("total", *found->total);
    if (read->is_cut) out.set("limit", limits::query_page_max);
    co_return out;
}

net::Task<MethodResult> set_method(Parts& parts, DataType& type, Caller caller,
                                   json::Object arguments, json::Object& created) {
    const auto good = check_set(json::Value(arguments));
    if (!good) co_return std::unexpected(error_of(good.error()));
    Set set(parts, type, std::move(caller), arguments, created);
    co_return co_await set.run();
}

}  // namespace pidge::admin
