#include "services/admin/api.h"

#include <fmt/format.h>

#include "base/text.h"
#include "formats/json/text.h"
#include "services/admin/audit_logs.h"
#include "services/admin/limits.h"
#include "services/admin/types.h"

namespace pidge::admin {
namespace {

constexpr std::string_view session_state = "1";  // the session object never changes

std::unexpected<MethodError> fail(std::string type, std::string description = {}) {
    return std::unexpected(MethodError{std::move(type), std::move(description)});
}

json::Object error_object(const MethodError& error) {
    json::Object out{{"type", error.type}};
    if (!error.description.empty()) out.set("description", error.description);
    return out;
}

}  // namespace

Api::Api(Parts parts) : parts_(std::move(parts)) {
    for (auto* make : {domain_type, account_type, credential_type, range_type, route_type,
                       queue_entry_type, audit_entry_type, tls_report_type, node_type}) {
        auto type = make(parts_);
        types_.emplace(std::string(type->name()), std::move(type));
    }
}

Api::~Api() = default;

net::Task<Api::Answer> Api::call(std::string request, Caller caller) {
    const auto read = read_request(request);
    if (!read) {
        const json::Object problem{
            {"type", read.error().type}, {"status", 400}, {"detail", read.error().detail}};
        co_return Answer{.is_request_error = true, .body = json::serialise(problem)};
    }
    std::vector<Invocation> responses;
    json::Object created;
    for (const Invocation& call : read->calls) {
        auto arguments = resolve_references(call.arguments, responses);
        MethodResult result;
        if (!arguments)
            result = fail(arguments.error().type, arguments.error().detail);
        else
            result =
                co_await run({call.name, *std::move(arguments), call.call_id}, caller, created);
        if (result)
            responses.push_back({call.name, *std::move(result), call.call_id});
        else
            responses.push_back({"error", error_object(result.error()), call.call_id});
    }
    const json::Value response = response_value(responses, created, std::string(session_state));
    co_return Answer{.body = json::serialise(response)};
}

net::Task<MethodResult> Api::run(Invocation invocation, Caller caller, json::Object& created) {
    if (const json::Value* account = invocation.arguments.find("accountId"))
        if (!account->is_null() && *account != json::Value(site_account))
            co_return fail("accountNotFound", "The only account is \"site\".");
    const std::size_t slash = invocation.name.find('/');
    const std::string type_name = invocation.name.substr(0, slash);
    const std::string verb =
        slash == std::string::npos ? std::string() : invocation.name.substr(slash + 1);
    if (invocation.name == "Core/echo") co_return invocation.arguments;  // RFC 8620 §4
    if (invocation.name == "Server/status") co_return co_await status();
    if (invocation.name == "AuditEntry/logs") co_return co_await audit_logs(parts_);
    if (invocation.name == "AuditEntry/verify")
        co_return co_await audit_verify(parts_, caller, std::move(invocation.arguments));
    const auto found = types_.find(type_name);
    if (found == types_.end())
        co_return fail("unknownMethod", "There is no " + text::printable(invocation.name, 100));
    DataType& type = *found->second;
    if (verb == "get")
        co_return co_await get_method(parts_, type, caller, std::move(invocation.arguments));
    if (verb == "query")
        co_return co_await query_method(parts_, type, caller, std::move(invocation.arguments));
    if (verb == "set")
        co_return co_await set_method(parts_, type, caller, std::move(invocation.arguments),
                                      created);
    if (verb == "changes" || verb == "queryChanges") co_return fail("cannotCalculateChanges");
    co_return fail("unknownMethod", "There is no " + text::printable(invocation.name, 100));
}

net::Task<MethodResult> Api::status() {
    json::Object out;
    if (parts_.status) out = parts_.status();
    const store::Health health = parts_.store.health();
    constexpr std::array<std::string_view, 4> states = {"good", "lowSpace", "failed", "away"};
    out.set("store", json::Object{{"state", states[static_cast<std::size_t>(health.state)]},
                                  {"text", health.text},
                                  {"freeBytes", health.free_bytes},
                                  {"totalBytes", health.total_bytes}});
    const auto site = parts_.directory.site();
    out.set("domains", site->domains().size());
    out.set("ranges", site->ranges().size());
    out.set("routes", site->routes().size());
    const QueueCounts queue = co_await count_queue(parts_.store);
    out.set("queue", json::Object{{"waiting", queue.waiting},
                                  {"deferred", queue.deferred},
                                  {"held", queue.held},
                                  {"entries", queue.entries()}});
    out.set("auditLog", parts_.trail.log());
    out.set("auditEntries", co_await types_.find("AuditEntry")->second->state());
    co_return out;
}

std::string Api::session(const Caller& caller) const {
    json::Object core{{"maxSizeUpload", 0},
                      {"maxConcurrentUpload", 1},
                      {"maxSizeRequest", limits::request_octets_max},
                      {"maxConcurrentRequests", 8},
                      {"maxCallsInRequest", limits::calls_max},
                      {"maxObjectsInGet", limits::objects_in_get_max},
                      {"maxObjectsInSet", limits::objects_in_set_max},
                      {"collationAlgorithms", json::Array{}}};
    const json::Object capabilities{{core_capability.data(), std::move(core)},
                                    {site_capability.data(), json::Object{}}};
    const json::Object account{
        {"name", "site"},
        {"isPersonal", false},
        {"isReadOnly", false},
        {"accountCapabilities", json::Object{{site_capability.data(), json::Object{}}}}};
    const json::Object out{
        {"capabilities", capabilities},
        {"accounts", json::Object{{std::string(site_account), account}}},
        {"primaryAccounts", json::Object{{site_capability.data(), site_account}}},
        {"username", caller.text()},
        {"apiUrl", "/jmap"},
        {"downloadUrl", ""},
        {"uploadUrl", ""},
        {"eventSourceUrl", ""},
        {"state", session_state}};
    return json::serialise(out);
}

}  // namespace pidge::admin
