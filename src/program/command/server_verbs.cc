#include <fmt/format.h>

#include "base/text.h"
#include "program/check/check.h"
#include "program/command/call.h"
#include "program/command/show.h"
#include "program/command/table.h"
#include "program/command/verbs.h"
#include "program/serve/serve.h"
#include "system/patroni/patroni.h"

namespace pidge::command {
namespace {

using program::Finding;

constexpr std::array<std::string_view, 3> marks = {"ok", "warning", "ERROR"};

Result<> check(Call& call) {
    const std::vector<Finding> findings =
        program::check(call.config, {.asks_dns = !call.given.has("--offline")});
    json::Array all;
    std::size_t errors = 0, warnings = 0;
    for (const Finding& finding : findings) {
        errors += finding.kind == Finding::Kind::error ? 1 : 0;
        warnings += finding.kind == Finding::Kind::warning ? 1 : 0;
        const std::string_view mark = marks[static_cast<std::size_t>(finding.kind)];
        all.push_back(json::Object{{"kind", text::to_lower(mark)},
                                   {"about", finding.about},
                                   {"text", finding.text},
                                   {"instead", finding.instead}});
        if (call.wants_json) continue;
        call.print(fmt::format("{:<8} {}: {}", mark, finding.about, finding.text));
        if (!finding.instead.empty()) call.print(fmt::format("         {}", finding.instead));
    }
    call.code = errors > 0 ? static_cast<int>(Exit::refused) : 0;
    if (call.wants_json)
        call.print_json(
            json::Object{{"findings", std::move(all)}, {"errors", errors}, {"warnings", warnings}});
    else
        call.print(fmt::format("{} errors, {} warnings.", errors, warnings));
    return {};
}

Result<> serve(Call& call) {
    call.code = TRY(program::serve(call.config));
    return {};
}

std::string duration_text(std::int64_t seconds) {
    if (seconds >= 86'400) return fmt::format("{} d {} h", seconds / 86'400, seconds / 3600 % 24);
    if (seconds >= 3600) return fmt::format("{} h {} min", seconds / 3600, seconds / 60 % 60);
    return fmt::format("{} min {} s", seconds / 60, seconds % 60);
}

std::string at(const json::Value& value, const char* pointer) {
    const json::Value* found = value.find_pointer(pointer);
    if (found == nullptr || found->is_null()) return {};
    return found->is_string() ? found->string() : std::to_string(found->integer());
}

std::string patroni_text(const json::Value& keeper) {
    const std::string place = " at " + text_of(keeper, "place");
    const std::string version = at(keeper, "/version");
    if (version.empty()) return "version not known" + place;
    return version + place + (is_true(keeper, "losesMail") ? ". " + patroni::why_unsafe() : "");
}

Result<> status(Call& call) {
    const json::Value status = TRY(call.method("Server/status", {}));
    if (call.wants_json) {
        call.print_json(status);
        return {};
    }
    std::vector<std::pair<std::string, std::string>> lines = {
        {"host", at(status, "/hostname") + " (node " + at(status, "/node") + ")"}};
    if (is_true(status, "isRunning")) {
        lines.push_back({"state", at(status, "/state") + ", for " +
                                      duration_text(status.find("uptimeSeconds")->integer())});
        lines.push_back({"version", at(status, "/version") + ", process " + at(status, "/pid")});
    } else {
        lines.push_back({"state", "no server runs; this is from the store"});
    }
    lines.push_back({"store", at(status, "/store/state") + " " + at(status, "/store/text")});
    lines.push_back({"queue", at(status, "/queue/waiting") + " waiting, " +
                                  at(status, "/queue/deferred") + " deferred, " +
                                  at(status, "/queue/held") + " held"});
    lines.push_back({"site", at(status, "/domains") + " domains, " + at(status, "/ranges") +
                                 " anonymous ranges, " + at(status, "/routes") + " routes"});
    lines.push_back(
        {"audit log", at(status, "/auditLog") + ", " + at(status, "/auditEntries") + " entries"});
    if (const json::Value* keepers = status.find("patroni"))
        for (const json::Value& keeper : keepers->array())
            lines.push_back({"patroni", patroni_text(keeper)});
    if (const json::Value* listeners = status.find("listeners"))
        for (const json::Value& listener : listeners->array())
            lines.push_back({"listener", text_of(listener, "name") + " (" +
                                             text_of(listener, "service") + ") at " +
                                             text_of(listener, "address")});
    if (const json::Value* certificates = status.find("certificates"))
        for (const json::Value& certificate : certificates->array())
            lines.push_back({"certificate", text_of(certificate, "names") + ", until " +
                                                time_of(certificate, "expires")});
    call.print(facts(lines));
    return {};
}

}  // namespace

std::vector<Verb> server_verbs() {
    return {
        {.words = "check",
         .summary = "Check the configuration and everything it names",
         .details = "Certificates, ports, folders, disk, store, routes, clock, and what the DNS "
                    "says of our names. Exit code 0: all can work; 1: something cannot; 78: the "
                    "configuration itself is wrong.",
         .arguments = {{.name = "--offline",
                        .kind = Argument::Kind::flag,
                        .help = "Do not ask the DNS."}},
         .examples = {"pidge check", "pidge --config ./pidge.toml check --offline"},
         .needs = Verb::Needs::config,
         .run = check},
        {.words = "serve",
         .summary = "Run the service",
         .details = "SIGHUP reads the configuration again, all or nothing. SIGTERM lets what is "
                    "under way finish, for at most limits.drain; a second one ends it at once.",
         .examples = {"pidge serve", "pidge serve --config ./pidge.toml"},
         .needs = Verb::Needs::config,
         .run = serve},
        {.words = "status",
         .summary = "Show how the service is",
         .examples = {"pidge status", "pidge status --json"},
         .run = status},
    };
}

}  // namespace pidge::command
