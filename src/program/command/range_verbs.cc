#include <fmt/format.h>

#include "base/clock.h"
#include "program/command/call.h"
#include "program/command/show.h"
#include "program/command/table.h"
#include "program/command/verbs.h"
#include "system/net/endpoint.h"

namespace pidge::command {
namespace {

Result<> add(Call& call) {
    json::Object range{{"network", call.given.text("NETWORK")},
                       {"owner", call.given.text("--owner")},
                       {"purpose", call.given.text("--purpose")}};
    if (call.given.has("--expires"))
        range.set("expires", TRY(future_time(call.given.text("--expires"), system_clock().now())));
    if (call.given.has("--needs-name")) range.set("needsName", true);
    const json::Value added = TRY(call.create("AnonymousRange", std::move(range)));
    if (call.wants_json)
        call.print_json(added);
    else
        call.print(
            fmt::format("Added. Machines in {} submit without a password from now on; {} "
                        "answers for them.",
                        call.given.text("NETWORK"), call.given.text("--owner")));
    return {};
}

Result<> list(Call& call) {
    const json::Array ranges = TRY(call.list("AnonymousRange", {}, 100'000));
    if (call.wants_json) {
        call.print_json(ranges);
        return {};
    }
    if (ranges.empty()) {
        call.print("No anonymous ranges: nobody submits without a password.");
        return {};
    }
    Table table({"network", "owner", "purpose", "since", "expires", "id"});
    for (const json::Value& range : ranges)
        table.add({text_of(range, "network"), text_of(range, "owner"), text_of(range, "purpose"),
                   time_of(range, "created"), time_of(range, "expires"), text_of(range, "id")});
    call.print(table.text());
    return {};
}

Result<> remove(Call& call) {
    // As it is stored, however it was typed; what is no network may be the id of a range.
    const std::string& which = call.given.text("NETWORK");
    const auto network = net::Network::parse(which);
    const std::string stored = network ? network->text() : which;
    const json::Array ranges = TRY(call.list("AnonymousRange", {}, 100'000));
    for (const json::Value& range : ranges) {
        if (text_of(range, "network") != stored && text_of(range, "id") != which) continue;
        TRY(call.destroy("AnonymousRange", text_of(range, "id")));
        if (call.wants_json)
            call.print_json(json::Object{{"removed", text_of(range, "id")}});
        else
            call.print("Removed " + text_of(range, "network") + ".");
        return {};
    }
    return Refusal{
        .kind = Refusal::Kind::not_found,
        .text = fmt::format("There is no range {}; pidge range list shows them.", which)};
}

}  // namespace

std::vector<Verb> range_verbs() {
    return {
        {.words = "range add",
         .summary = "Let the machines of a network submit without a password",
         .details = "For printers, instruments and the like. Somebody answers for them: the owner "
                    "stands in the audit trail with each of their messages.",
         .arguments = {{.name = "NETWORK",
                        .help = "A network in CIDR notation, or one address.",
                        .is_required = true},
                       {.name = "--owner",
                        .help = "The address of the person or team that is responsible.",
                        .is_required = true},
                       {.name = "--purpose", .help = "What the machines are."},
                       {.name = "--expires", .help = "When it ends: a time, or a duration."},
                       {.name = "--needs-name",
                        .kind = Argument::Kind::flag,
                        .help = "Refuse machines that have no name in the DNS leading back to "
                                "their address."}},
         .examples = {"pidge range add 192.0.2.0/28 --owner ops@example.org --purpose \"printers, "
                      "building 7\"",
                      "pidge range add 2001:db8:7::/64 --owner lab@example.org --expires 30d"},
         .run = add},
        {.words = "range list",
         .summary = "List the anonymous ranges",
         .examples = {"pidge range list"},
         .run = list},
        {.words = "range remove",
         .summary = "Remove an anonymous range",
         .arguments = {{.name = "NETWORK", .help = "The network, or its id.", .is_required = true}},
         .examples = {"pidge range remove 192.0.2.0/28"},
         .run = remove},
    };
}

}  // namespace pidge::command
