#include "program/command/call.h"
#include "program/command/manual.h"
#include "program/command/output.h"
#include "program/command/verbs.h"
#include "program/config/manual.h"

namespace pidge::command {
namespace {

Result<> sample(Call&) {
    put(config::sample());
    return {};
}

Result<> show(Call& call) {
    if (call.wants_json)
        call.print_json(
            json::Object{{"file", call.config.file}, {"toml", config::effective(call.config)}});
    else
        put(config::effective(call.config));
    return {};
}

Result<> manual(Call& call) {
    put(call.given.has("--commands") ? command::manual() : config::manual());
    return {};
}

}  // namespace

std::vector<Verb> config_verbs() {
    return {
        {.words = "config sample",
         .summary = "Print a commented configuration to begin with",
         .examples = {"pidge config sample > /etc/pidge/pidge.toml"},
         .needs = Verb::Needs::nothing,
         .run = sample},
        {.words = "config show",
         .summary = "Print the configuration with all defaults filled in",
         .examples = {"pidge config show", "pidge --config ./pidge.toml config show"},
         .needs = Verb::Needs::config,
         .run = show},
        {.words = "config manual",
         .summary = "Print docs/configuration.md or docs/commands.md",
         .arguments = {{.name = "--commands",
                        .kind = Argument::Kind::flag,
                        .help = "The commands instead of the options."}},
         .examples = {"pidge config manual > docs/configuration.md"},
         .needs = Verb::Needs::nothing,
         .run = manual},
    };
}

}  // namespace pidge::command
