#include "services/admin/commit.h"

#include <fmt/format.h>

#include "base/text.h"
#include "formats/json/text.h"
#include "services/admin/limits.h"

namespace pidge::admin {
namespace {

std::string cut(std::string text) {
    if (text.size() > limits::audit_text_octets_max) {
        text.resize(limits::audit_text_octets_max);
        text += "…";
    }
    return text;
}

cbor::Map who(const Caller& caller) {
    cbor::Map fields;
    fields["who"] = caller.text();
    if (caller.uid) fields["uid"] = static_cast<std::int64_t>(*caller.uid);
    fields["via"] = caller.way == Caller::Way::socket ? "socket" : "direct";
    return fields;
}

cbor::Map fields_of(const Caller& caller, const std::string& what, const Plan& plan) {
    cbor::Map fields = who(caller);
    fields["what"] = what;
    fields["object"] = plan.id;
    if (!plan.before.empty()) fields["before"] = cut(json::serialise(plan.before));
    if (!plan.after.empty()) fields["after"] = cut(json::serialise(plan.after));
    return fields;
}

Bytes state_key(std::string_view type) {
    return "state:" + Bytes(type);
}

}  // namespace

std::string Caller::text() const {
    if (!uid) return name.empty() ? "local" : name;
    return name.empty() ? fmt::format("uid {}", *uid) : fmt::format("{} (uid {})", name, *uid);
}

net::Task<Result<Plan>> carry_out(Parts& parts, Caller caller, std::string what, Planner planner) {
    for (int attempt = 0; attempt < limits::commit_attempts_max; ++attempt) {
        Plan plan = CO_TRY(co_await planner());
        store::Change change = plan.change;
        parts.trail.append(
            change, parts.trail.entry(plan.audit_type, "admin", fields_of(caller, what, plan)));
        const auto committed = co_await parts.store.commit(std::move(change));
        if (plan.changes_site || !committed) co_await parts.directory.reload();
        if (committed && plan.wake && parts.wake) parts.wake(plan.wake->group, plan.wake->due);
        if (committed) co_return plan;
    }
    co_return Refusal{.kind = Refusal::Kind::temporary,
                      .text =
                          "Somebody else keeps changing the same thing. Nothing was changed; "
                          "look at it and try again."};
}

net::Task<void> record_access(Parts& parts, Caller caller, std::string what, std::string details) {
    cbor::Map fields = who(caller);
    fields["what"] = std::move(what);
    fields["details"] = cut(std::move(details));
    store::Change change;
    parts.trail.append(change, parts.trail.entry(audit::Type::access, "admin", std::move(fields)));
    // No checks, so no conflict.
    const auto committed = co_await parts.store.commit(std::move(change));
    if (!committed)
        throw store::Fault(store::Fault::Why::unavailable, "the access could not be recorded");
}

void note_changed(store::Change& change, std::string_view type) {
    change.add(store::Space::counter, state_key(type), 1);
}

net::Task<std::string> state_of(store::Store& store, std::string_view type) {
    const auto counter = co_await store.get(store::Space::counter, state_key(type));
    co_return counter ? text::hex(*counter) : std::string("0");
}

}  // namespace pidge::admin
