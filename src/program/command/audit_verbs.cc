#include <fmt/format.h>

#include "base/clock.h"
#include "base/text.h"
#include "formats/json/text.h"
#include "program/command/call.h"
#include "program/command/show.h"
#include "program/command/table.h"
#include "program/command/verbs.h"

namespace pidge::command {
namespace {

constexpr std::uint64_t list_usual = 50, list_most = 1'000'000;

Result<json::Object> filter_of(Call& call) {
    json::Object filter;
    const std::array<std::pair<const char*, const char*>, 8> options = {
        {{"TEXT", "text"},
         {"--queue-id", "queueId"},
         {"--sender", "sender"},
         {"--recipient", "recipient"},
         {"--client", "client"},
         {"--account", "account"},
         {"--message-id", "messageId"},
         {"--log", "log"}}};
    for (const auto& [option, name] : options)
        if (call.given.has(option)) filter.set(name, call.given.text(option));
    if (call.given.has("--type")) filter.set("types", array_of(call.given.list("--type")));
    const WallTime now = system_clock().now();
    if (call.given.has("--from"))
        filter.set("from", TRY(past_time(call.given.text("--from"), now)));
    if (call.given.has("--to")) filter.set("to", TRY(past_time(call.given.text("--to"), now)));
    return filter;
}

// "from=ada@… to=bob@… …": the fields that most entries have first, the rest as they come.
std::string summary(const json::Value& entry) {
    const json::Value* fields = entry.find("fields");
    if (fields == nullptr || !fields->is_object())
        return is_true(entry, "isDamaged") ? "DAMAGED" : "";
    std::string out;
    for (const json::Member& field : fields->object()) {
        if (!out.empty()) out += ' ';
        out += field.name + "=";
        out += field.value.is_string() ? field.value.string() : json::serialise(field.value);
    }
    return out;
}

// The logs that a look without --log leaves out; empty when there are none.
Result<std::string> other_logs(Call& call) {
    const json::Value answer = TRY(call.method("AuditEntry/logs", {}));
    const json::Value* logs = answer.find("logs");
    std::string others;
    if (logs == nullptr || !logs->is_array()) return others;
    for (const json::Value& log : logs->array())
        if (!is_true(log, "isOwn"))
            others += fmt::format("{}{} ({} entries)", others.empty() ? "" : ", ",
                                  text_of(log, "log"), text_of(log, "entries"));
    if (others.empty()) return others;
    return fmt::format("The store has other logs; --log looks at one of them: {}.", others);
}

Result<> search(Call& call) {
    std::uint64_t limit = list_usual;
    if (call.given.has("--limit")) {
        const auto typed = text::parse_u64(call.given.text("--limit"));
        if (!typed || *typed == 0 || *typed > list_most)
            return usage(fmt::format("--limit is a number from 1 to {}.", list_most));
        limit = *typed;
    }
    json::Object filter = TRY(filter_of(call));
    json::Array sort;
    if (call.given.has("--oldest-first"))
        sort.push_back(json::Object{{"property", "number"}, {"isAscending", true}});
    const json::Array entries =
        TRY(call.list_onward("AuditEntry", std::move(filter), limit, std::move(sort)));
    if (call.wants_json) {
        call.print_json(entries);
        return {};
    }
    const std::string others = call.given.has("--log") ? "" : TRY(other_logs(call));
    if (entries.empty()) {
        call.print("No such entries.");
        if (!others.empty()) call.note(others);
        return {};
    }
    Table table({"number", "time (UTC)", "type", "fields"});
    for (const json::Value& entry : entries)
        table.add({text_of(entry, "number"), time_of(entry, "time"), text_of(entry, "type"),
                   summary(entry)});
    call.print(table.text());
    if (entries.size() == limit) call.note("There may be more: --limit shows them.");
    if (!others.empty()) call.note(others);
    return {};
}

Result<> show(Call& call) {
    std::string id = call.given.text("NUMBER");
    if (call.given.has("--log")) id += "@" + call.given.text("--log");
    const auto entry = TRY(call.find("AuditEntry", id));
    if (!entry) {
        const std::string others = TRY(other_logs(call));
        return Refusal{.kind = Refusal::Kind::not_found,
                       .text = fmt::format("There is no entry {}.{}{}", id,
                                           others.empty() ? "" : " ", others)};
    }
    if (call.wants_json) {
        call.print_json(*entry);
        return {};
    }
    call.print(facts({{"log", text_of(*entry, "log")},
                      {"number", text_of(*entry, "number")},
                      {"type", text_of(*entry, "type")},
                      {"time (UTC)", text_of(*entry, "time")},
                      {"source", text_of(*entry, "source")},
                      {"chain", text_of(*entry, "chain")}}));
    if (const json::Value* fields = entry->find("fields"))
        call.print("\n" + json::serialise(*fields, json::Layout::pretty));
    return {};
}

Result<> verify(Call& call) {
    json::Object arguments;
    if (call.given.has("--log")) arguments.set("log", call.given.text("--log"));
    const json::Value answer = TRY(call.method("AuditEntry/verify", std::move(arguments)));
    const std::string kind = text_of(answer, "verdict");
    // docs/audit.md: 0 sound, 1 altered, 2 gap.
    call.code = kind == "sound" ? 0 : kind == "altered" ? 1 : 2;
    if (call.wants_json) {
        call.print_json(answer);
        return {};
    }
    const json::Value* logs = answer.find("logs");
    if (logs == nullptr || !logs->is_array()) return {};
    for (const json::Value& log : logs->array()) {
        if (&log != &logs->array().front()) call.print("");
        call.print(facts({{"log", text_of(log, "log")},
                          {"verdict", text_of(log, "verdict")},
                          {"entries", text_of(log, "entries")},
                          {"chain", text_of(log, "chain")}}));
        call.print(text_of(log, "text"));
    }
    if (const std::string why = text_of(answer, "unrecorded"); !why.empty())
        call.note(fmt::format("This look could not be recorded in the trail: {}", why));
    return {};
}

}  // namespace

std::vector<Verb> audit_verbs() {
    return {
        {.words = "audit search",
         .summary = "Search the audit trail",
         .details = "Text is found when it is contained, case aside. Each search is itself "
                    "recorded in the trail, with who made it.",
         .arguments = {{.name = "TEXT", .help = "Contained in any field."},
                       {.name = "--type",
                        .kind = Argument::Kind::values,
                        .help = "Entries of this type: accept, attempt, outcome, reject, auth-fail "
                                "…"},
                       {.name = "--queue-id", .help = "Of this message."},
                       {.name = "--sender", .help = "Envelope sender."},
                       {.name = "--recipient", .help = "Envelope recipient."},
                       {.name = "--client", .help = "Address of the client."},
                       {.name = "--account", .help = "Login or id of who submitted it."},
                       {.name = "--message-id", .help = "Message-ID field."},
                       {.name = "--from",
                        .help = "Not before this time, or this long ago: 2h, "
                                "3d."},
                       {.name = "--to", .help = "Before this time."},
                       {.name = "--limit", .help = "How many to show; 50 unless given."},
                       {.name = "--oldest-first",
                        .kind = Argument::Kind::flag,
                        .help = "In the order in which they were written."},
                       {.name = "--log",
                        .help = "Of this log, instead of this node's own: audit.HOSTNAME/NODE."}},
         .examples = {"pidge audit search bob@example.net --from 2d",
                      "pidge audit search --queue-id 01kaf3zq5v8b2c4d6e7f8g9h0j --oldest-first",
                      "pidge audit search --type auth-fail --client 192.0.2.7 --json"},
         .run = search},
        {.words = "audit show",
         .summary = "Show an entry of the audit trail",
         .arguments = {{.name = "NUMBER", .help = "Its number.", .is_required = true},
                       {.name = "--log", .help = "Of this log, instead of this node's own."}},
         .examples = {"pidge audit show 1234"},
         .run = show},
        {.words = "audit verify",
         .summary = "Follow the hash chain over the whole trail",
         .details =
             "Of each log that the store holds: this node's own, those of other nodes on it, and "
             "those of former names of this one. Exit code 0: sound; 1: an entry was altered; 2: "
             "entries are missing. The chain value that it prints stands for everything before: "
             "write it down elsewhere, and compare it the next time.",
         .arguments = {{.name = "--log", .help = "This log only."}},
         .examples = {"pidge audit verify", "pidge audit verify --json"},
         .run = verify},
    };
}

}  // namespace pidge::command
