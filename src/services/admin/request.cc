#include "services/admin/request.h"

#include <fmt/format.h>

#include "base/text.h"
#include "formats/json/place.h"
#include "formats/json/text.h"
#include "services/admin/limits.h"

namespace pidge::admin {
namespace {

constexpr std::string_view error_prefix = "urn:ietf:params:jmap:error:";
constexpr std::size_t star_results_max = 100'000;  // of one reference, all wildcards together

std::unexpected<RequestError> error(std::string_view name, std::string detail) {
    return std::unexpected(
        RequestError{std::string(error_prefix) + std::string(name), std::move(detail)});
}

Result<Request> read_frame(const json::Value& value) {
    const json::Place root(value);
    Request request;
    for (const json::Place& name : TRY(root.array("using")))
        request.capabilities.push_back(TRY(name.string()));
    for (const json::Place& call : TRY(root.array("methodCalls"))) {
        const std::vector<json::Place> parts = TRY(call.array());
        if (parts.size() != 3) return call.refusal("expected [name, arguments, call id]");
        Invocation invocation;
        invocation.name = TRY(parts[0].string());
        if (!parts[1].value().is_object()) return parts[1].refusal("expected an object");
        invocation.arguments = parts[1].value().object();
        invocation.call_id = TRY(parts[2].string());
        request.calls.push_back(std::move(invocation));
    }
    return request;
}

// RFC 8620 §3.7: a JSON pointer in which "*" stands for all elements of an array. Works through the
// tokens one by one over a growing list of values; the result is one value when no "*" was met.
std::optional<json::Value> follow(const json::Value& root, std::string_view path) {
    if (path.empty()) return root;
    if (path.front() != '/') return std::nullopt;
    std::vector<const json::Value*> values{&root};
    bool is_list = false;
    for (const std::string_view token : text::split(path.substr(1), '/')) {
        std::vector<const json::Value*> next;
        for (const json::Value* value : values) {
            if (token == "*" && value->is_array()) {
                is_list = true;
                for (const json::Value& item : value->array()) {
                    // An array within an array is flattened.
                    next.push_back(&item);
                }
                continue;
            }
            const json::Value* found = value->find_pointer("/" + std::string(token));
            if (found == nullptr) return std::nullopt;
            if (is_list && found->is_array())
                for (const json::Value& item : found->array()) next.push_back(&item);
            else
                next.push_back(found);
        }
        if (next.size() > star_results_max) return std::nullopt;
        values = std::move(next);
    }
    if (!is_list) return *values.front();
    json::Array all;
    for (const json::Value* value : values) all.push_back(*value);
    return json::Value(std::move(all));
}

std::optional<json::Value> referred(const json::Value& reference,
                                    const std::vector<Invocation>& responses) {
    const json::Place in(reference);
    const auto of = in.string("resultOf"), name = in.string("name"), path = in.string("path");
    if (!of || !name || !path) return std::nullopt;
    for (const Invocation& response : responses) {
        if (response.call_id != *of) continue;
        if (response.name != *name) return std::nullopt;
        return follow(json::Value(response.arguments), *path);
    }
    return std::nullopt;
}

}  // namespace

std::expected<Request, RequestError> read_request(std::string_view text) {
    json::Limits bounds;
    bounds.size_bytes_max = limits::request_octets_max;
    const auto value = json::parse(text, bounds);
    if (!value) {
        if (value.error().kind == Refusal::Kind::limit) return error("limit", value.error().text);
        return error("notJSON", value.error().text);
    }
    auto request = read_frame(*value);
    if (!request) return error("notRequest", request.error().text);
    for (const std::string& capability : request->capabilities)
        if (capability != core_capability && capability != site_capability)
            return error("unknownCapability", capability + " is not offered here.");
    if (request->calls.size() > limits::calls_max)
        return error("limit", fmt::format("At most {} method calls.", limits::calls_max));
    return *std::move(request);
}

std::expected<json::Object, ReferenceError> resolve_references(
    const json::Object& arguments, const std::vector<Invocation>& responses) {
    json::Object out;
    for (const json::Member& member : arguments) {
        if (!member.name.starts_with('#')) {
            out.set(member.name, member.value);
            continue;
        }
        const std::string name = member.name.substr(1);
        if (arguments.find(name) != nullptr)
            return std::unexpected(ReferenceError{
                "invalidArguments", fmt::format("\"{}\" stands with and without #.", name)});
        auto value = referred(member.value, responses);
        if (!value)
            return std::unexpected(ReferenceError{
                "invalidResultReference",
                fmt::format("\"#{}\" refers to no earlier result of this request.", name)});
        out.set(name, *std::move(value));
    }
    return out;
}

json::Value response_value(const std::vector<Invocation>& responses,
                           const json::Object& created_ids, const std::string& session_state) {
    json::Array list;
    for (const Invocation& response : responses)
        list.push_back(json::Array{response.name, response.arguments, response.call_id});
    json::Object out;
    out.set("methodResponses", std::move(list));
    if (!created_ids.empty()) out.set("createdIds", created_ids);
    out.set("sessionState", session_state);
    return out;
}

}  // namespace pidge::admin
