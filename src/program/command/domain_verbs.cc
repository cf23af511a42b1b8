#include <fmt/format.h>

#include "program/command/call.h"
#include "program/command/show.h"
#include "program/command/table.h"
#include "program/command/verbs.h"

namespace pidge::command {
namespace {

Result<> add(Call& call) {
    json::Object domain{{"name", call.given.text("NAME")},
                        {"postmaster", array_of(call.given.list("--postmaster"))},
                        {"abuse", array_of(call.given.list("--abuse"))}};
    const json::Value added = TRY(call.create("Domain", std::move(domain)));
    if (call.wants_json) {
        call.print_json(added);
        return {};
    }
    call.print(fmt::format("Added {}.", text_of(added, "name")));
    if (!call.given.has("--postmaster"))
        call.note("Nobody reads its postmaster yet: pidge domain set " + text_of(added, "name") +
                  " --postmaster SOMEBODY");
    return {};
}

Result<> list(Call& call) {
    const json::Array domains = TRY(call.list("Domain", {}, 100'000));
    if (call.wants_json) {
        call.print_json(domains);
        return {};
    }
    if (domains.empty()) {
        call.print("No domains yet: pidge domain add example.org");
        return {};
    }
    Table table({"domain", "postmaster", "abuse", "since"});
    for (const json::Value& domain : domains)
        table.add({text_of(domain, "name"), text_of(domain, "postmaster"), text_of(domain, "abuse"),
                   time_of(domain, "created")});
    call.print(table.text());
    return {};
}

Refusal missing(const std::string& name) {
    return {.kind = Refusal::Kind::not_found,
            .text = fmt::format("There is no domain {} here; pidge domain list shows them.", name)};
}

Result<> show(Call& call) {
    const std::string& name = call.given.text("NAME");
    const auto domain = TRY(call.find("Domain", name));
    if (!domain) return missing(name);
    if (call.wants_json) {
        call.print_json(*domain);
        return {};
    }
    call.print(facts({{"domain", text_of(*domain, "name")},
                      {"postmaster", text_of(*domain, "postmaster")},
                      {"abuse", text_of(*domain, "abuse")},
                      {"since", time_of(*domain, "created")}}));
    return {};
}

Result<> set(Call& call) {
    const std::string& name = call.given.text("NAME");
    json::Object patch;
    for (const char* role : {"postmaster", "abuse"}) {
        const std::string option = fmt::format("--{}", role);
        if (!call.given.has(option)) continue;
        std::vector<std::string> members = call.given.list(option);
        std::erase(members, "");  // --postmaster "" empties it
        patch.set(role, array_of(members));
    }
    if (patch.empty()) return usage("Say what to set: --postmaster or --abuse.");
    const auto domain = TRY(call.find("Domain", name));
    if (!domain) return missing(name);
    const json::Value updated = TRY(call.update("Domain", name, std::move(patch)));
    if (call.wants_json)
        call.print_json(updated);
    else
        call.print("Changed " + name + ".");
    return {};
}

Result<> remove(Call& call) {
    const std::string& name = call.given.text("NAME");
    TRY(call.destroy("Domain", name));
    if (call.wants_json)
        call.print_json(json::Object{{"removed", name}});
    else
        call.print("Removed " + name + ". Mail for it is refused from now on.");
    return {};
}

const Argument name_argument{.name = "NAME", .help = "The domain.", .is_required = true};
const Argument postmaster{.name = "--postmaster",
                          .kind = Argument::Kind::values,
                          .help =
                              "Who gets the mail of postmaster there; several times for several "
                              "people."};
const Argument abuse{
    .name = "--abuse", .kind = Argument::Kind::values, .help = "Who gets the mail of abuse there."};

}  // namespace

std::vector<Verb> domain_verbs() {
    return {
        {.words = "domain add",
         .summary = "Add a domain of ours",
         .details = "Mail for it is accepted, and its addresses may be used by those who own them. "
                    "postmaster and abuse exist in it at once.",
         .arguments = {name_argument, postmaster, abuse},
         .examples = {"pidge domain add example.org",
                      "pidge domain add example.org --postmaster ada@example.org --postmaster "
                      "bob@example.org"},
         .run = add},
        {.words = "domain list",
         .summary = "List our domains",
         .examples = {"pidge domain list", "pidge domain list --json"},
         .run = list},
        {.words = "domain show",
         .summary = "Show a domain",
         .arguments = {name_argument},
         .examples = {"pidge domain show example.org"},
         .run = show},
        {.words = "domain set",
         .summary = "Change who reads postmaster and abuse",
         .details = "What is given replaces what was there; an empty text (\"\") empties it.",
         .arguments = {name_argument, postmaster, abuse},
         .examples = {"pidge domain set example.org --postmaster ada@example.org --abuse "
                      "security@example.org",
                      "pidge domain set example.org --abuse \"\""},
         .run = set},
        {.words = "domain remove",
         .summary = "Remove a domain that has no addresses left",
         .arguments = {name_argument},
         .examples = {"pidge domain remove example.net"},
         .run = remove},
    };
}

}  // namespace pidge::command
