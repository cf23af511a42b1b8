#include "program/command/call.h"

#include <cstdio>

#include <fmt/format.h>

#include "base/text.h"
#include "formats/json/text.h"
#include "program/command/output.h"

namespace pidge::command {
namespace {

constexpr std::size_t page_max = 500;
constexpr std::size_t line_octets_max = 100'000;

Refusal refusal_of_error(const json::Value& error) {
    const json::Value* type = error.find("type");
    const json::Value* text = error.find("description");
    const std::string name = type != nullptr && type->is_string() ? type->string() : "unknown";
    Refusal refusal{.kind = Refusal::Kind::policy,
                    .text = text != nullptr && text->is_string() ? text->string() : name};
    if (name == "serverUnavailable" || name == "serverFail")
        refusal.kind = Refusal::Kind::temporary;
    if (name == "notFound") refusal.kind = Refusal::Kind::not_found;
    return refusal;
}

// The one member of "created", "updated" …, or the refusal in its "not…" twin.
Result<json::Value> outcome(const json::Value& set, const char* good, const char* bad,
                            std::string_view key) {
    const json::Value* failed = set.find(bad);
    if (failed != nullptr && failed->is_object())
        if (const json::Value* error = failed->find(key)) return refusal_of_error(*error);
    const json::Value* done = set.find(good);
    if (done != nullptr && done->is_object())
        if (const json::Value* value = done->find(key)) return *value;
    return json::Value();
}

}  // namespace

Refusal usage(std::string text) {
    return {.kind = Refusal::Kind::syntax, .text = std::move(text), .code = "usage"};
}

Result<json::Value> Call::method(std::string_view name, json::Object arguments) {
    json::Object request;
    request.set("using", json::Array{"urn:ietf:params:jmap:core", "urn:pidge:params:jmap:site"});
    json::Array calls;
    calls.push_back(json::Array{name, std::move(arguments), "0"});
    request.set("methodCalls", std::move(calls));
    const json::Value answer = TRY(client->request(json::Value(std::move(request))));
    const json::Value* got = answer.find_pointer("/methodResponses/0/0");
    const json::Value* value = answer.find_pointer("/methodResponses/0/1");
    if (got == nullptr || value == nullptr || !got->is_string())
        return Refusal{.kind = Refusal::Kind::temporary,
                       .text = "The server's answer cannot be understood."};
    if (got->string() == "error") return refusal_of_error(*value);
    return *value;
}

Result<json::Value> Call::create(std::string_view type, json::Object object) {
    json::Object arguments;
    arguments.set("create", json::Object{{"new", std::move(object)}});
    const json::Value set = TRY(method(fmt::format("{}/set", type), std::move(arguments)));
    return outcome(set, "created", "notCreated", "new");
}

Result<json::Value> Call::update(std::string_view type, std::string_view id, json::Object patch) {
    json::Object arguments;
    json::Object all;
    all.set(id, std::move(patch));
    arguments.set("update", std::move(all));
    const json::Value set = TRY(method(fmt::format("{}/set", type), std::move(arguments)));
    return outcome(set, "updated", "notUpdated", id);
}

Result<> Call::destroy(std::string_view type, std::string_view id, json::Object more) {
    more.set("destroy", json::Array{id});
    const json::Value set = TRY(method(fmt::format("{}/set", type), std::move(more)));
    TRY(outcome(set, "none", "notDestroyed", id));
    return {};
}

Result<Call::Page> Call::add_page(std::string_view type, json::Object query, json::Array& all) {
    const json::Value found = TRY(method(fmt::format("{}/query", type), std::move(query)));
    const json::Value* ids = found.find("ids");
    if (ids == nullptr || !ids->is_array() || ids->array().empty()) return Page{};
    json::Object get;
    get.set("ids", *ids);
    const json::Value got = TRY(method(fmt::format("{}/get", type), std::move(get)));
    const json::Value* objects = got.find("list");
    if (objects == nullptr || !objects->is_array()) return Page{};
    for (const json::Value& object : objects->array()) all.push_back(object);
    return Page{.ids = ids->array().size(), .last = ids->array().back()};
}

Result<json::Array> Call::list(std::string_view type, json::Object query, std::size_t limit) {
    json::Array all;
    while (all.size() < limit) {
        query.set("position", all.size());
        query.set("limit", std::min(page_max, limit - all.size()));
        if (TRY(add_page(type, query, all)).ids < page_max) break;
    }
    return all;
}

Result<json::Array> Call::list_onward(std::string_view type, json::Object filter, std::size_t limit,
                                      json::Array sort) {
    json::Array all;
    while (all.size() < limit) {
        json::Object query{{"limit", std::min(page_max, limit - all.size())}};
        if (!filter.empty()) query.set("filter", filter);
        if (!sort.empty()) query.set("sort", sort);
        const Page page = TRY(add_page(type, std::move(query), all));
        if (page.ids < page_max) break;
        filter.set("after", page.last);
    }
    return all;
}

Result<std::optional<json::Value>> Call::find(std::string_view type, std::string_view id) {
    json::Object get;
    get.set("ids", json::Array{id});
    const json::Value got = TRY(method(fmt::format("{}/get", type), std::move(get)));
    const json::Value* object = got.find_pointer("/list/0");
    if (object == nullptr) return std::optional<json::Value>();
    return std::optional<json::Value>(*object);
}

void Call::print(std::string_view text) {
    for (const std::string_view line : text::split(text, '\n'))
        put(text::printable(line, line_octets_max) + "\n");
}

void Call::print_json(const json::Value& value) {
    put(json::serialise(value, json::Layout::pretty));
}

void Call::note(std::string_view text) {
    if (wants_json) return;
    std::string shown;
    for (const std::string_view line : text::split(text, '\n'))
        shown += text::printable(line, line_octets_max) + "\n";
    std::fwrite(shown.data(), 1, shown.size(), stderr);
}

}  // namespace pidge::command
