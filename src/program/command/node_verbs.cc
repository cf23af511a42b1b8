#include <fmt/format.h>

#include "base/clock.h"
#include "base/text.h"
#include "program/command/call.h"
#include "program/command/show.h"
#include "program/command/table.h"
#include "program/command/verbs.h"
#include "system/net/spawn.h"
#include "system/net/timer.h"

namespace pidge::command {
namespace {

using namespace std::chrono_literals;

constexpr auto look_interval = 250ms;
constexpr std::uint64_t wait_usual_seconds = 300, wait_most_seconds = 86'400;

Result<> list(Call& call) {
    const json::Array nodes = TRY(call.list("Node", {}, 1000));
    if (call.wants_json) {
        call.print_json(nodes);
        return {};
    }
    if (nodes.empty()) {
        call.print("No node has been started on this store yet.");
        return {};
    }
    Table table({"node", "state", "version", "format", "roles", "host", "started (UTC)",
                 "last seen (UTC)"});
    for (const json::Value& node : nodes) {
        std::string state = text_of(node, "state");
        // A node that is down and is not to serve when it comes back, or has not looked yet.
        if (text_of(node, "wish") == "drain" && !state.starts_with("drain")) state += ", to drain";
        table.add({text_of(node, "name"), state, text_of(node, "version"),
                   text_of(node, "formatNewest"), text_of(node, "roles"), text_of(node, "host"),
                   time_of(node, "started"), time_of(node, "seen")});
    }
    call.print(table.text());
    return {};
}

Result<std::uint64_t> seconds_to_wait(const Given& given) {
    if (!given.has("--timeout")) return wait_usual_seconds;
    const auto typed = text::parse_u64(given.text("--timeout"));
    if (!typed || *typed == 0 || *typed > wait_most_seconds)
        return usage(
            fmt::format("--timeout is a number of seconds from 1 to {}.", wait_most_seconds));
    return *typed;
}

// Until the node is in one of the states. Down is an end of every drain.
Result<std::string> wait_for(Call& call, const std::string& name, std::string_view wanted,
                             std::uint64_t seconds) {
    const SteadyTime end = system_clock().steady() + std::chrono::seconds(seconds);
    for (;;) {
        const auto node = TRY(call.find("Node", name));
        std::string state = node ? text_of(*node, "state") : "down";
        if (state == wanted || state == "down") return state;
        if (system_clock().steady() >= end)
            return Refusal{
                .kind = Refusal::Kind::temporary,
                .text = fmt::format("Node {} is {} still, after {} s.", name, state, seconds)};
        net::run(net::sleep_for(look_interval));
    }
}

// The node shall be in the state `wanted`; `text` says so to whoever does not wait for it.
Result<> wish(Call& call, const char* wish, std::string_view wanted, const std::string& text) {
    const std::string& name = call.given.text("NAME");
    const std::uint64_t seconds = TRY(seconds_to_wait(call.given));
    TRY(call.update("Node", name, json::Object{{"wish", wish}}));
    std::string state;
    if (call.given.has("--wait")) state = TRY(wait_for(call, name, wanted, seconds));
    if (call.wants_json) {
        const auto node = TRY(call.find("Node", name));
        call.print_json(node ? *node : json::Value());
        return {};
    }
    call.print(state.empty() ? text : fmt::format("Node {} is {}.", name, state));
    return {};
}

Result<> drain(Call& call) {
    return wish(call, "drain", "drained",
                fmt::format("Node {} takes nothing new in a moment; what is under way there goes "
                            "on. pidge node list tells when it is drained.",
                            call.given.text("NAME")));
}

Result<> resume(Call& call) {
    return wish(call, "serve", "up",
                fmt::format("Node {} takes connections and mail again in a moment.",
                            call.given.text("NAME")));
}

std::vector<Argument> name_and_wait() {
    return {{.name = "NAME", .help = "The node (site.node).", .is_required = true},
            {.name = "--wait", .kind = Argument::Kind::flag, .help = "Return when it is so."},
            {.name = "--timeout", .help = "Seconds to wait at most; 300 unless given."}};
}

}  // namespace

std::vector<Verb> node_verbs() {
    return {
        {.words = "node list",
         .summary = "List the nodes on the store",
         .details = "A node is up, draining (takes nothing new), drained (nothing is under way any "
                    "more), or down (said good-bye, or silent for 15 seconds). The format is the "
                    "newest of records that its program can read.",
         .examples = {"pidge node list", "pidge node list --json"},
         .run = list},
        {.words = "node drain",
         .summary = "Let a node take nothing new",
         .details =
             "Its /readyz says 404 at once, so that load balancers turn away; after "
             "node.drain_grace it accepts no more connections, tells idle clients to come back, "
             "finishes what is under way, and hands back what it has leased from the queue. It "
             "stays so when it is restarted, until pidge node resume. By any node.",
         .arguments = name_and_wait(),
         .examples = {"pidge node drain n2 --wait"},
         .run = drain},
        {.words = "node resume",
         .summary = "Let a node take new work again",
         .arguments = name_and_wait(),
         .examples = {"pidge node resume n2"},
         .run = resume},
    };
}

}  // namespace pidge::command
