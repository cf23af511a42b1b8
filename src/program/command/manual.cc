#include "program/command/manual.h"

#include <fmt/format.h>

#include "program/command/verb.h"

namespace pidge::command {
namespace {

constexpr std::string_view head = R"(# Commands

<!-- Made from src/program/command: renew it with `pidge config manual --commands`. -->

`pidge [--config FILE] COMMAND …` administers the site. It speaks to the running server over the
control socket; when no server runs it works on the store directly. The configuration is
`/etc/pidge/pidge.toml` unless `--config` names another file.

- `--json` prints JSON for programs, with the same members as the API (`docs/api.md`). A refusal is `{"error": …, "code": …}` on
  standard error, where `code` is the exit code.
- `--help` after any command explains it.
- Every change stands in the audit trail with who made it.

| exit code | meaning |
|---|---|
| 0 | done |
| 1 | refused; the message says why and how to mend it (`check`: something is wrong; `audit verify`: altered) |
| 2 | wrong usage (`audit verify`: entries are missing) |
| 69 | neither server nor store can be reached, or the answer cannot be written to standard output |
| 78 | the configuration is wrong |
)";

std::string usage_of(const Verb& verb) {
    std::string out = fmt::format("pidge {}", verb.words);
    for (const Argument& argument : verb.arguments) {
        if (argument.is_hidden) continue;
        std::string one(argument.name);
        if (!argument.is_positional() && argument.kind != Argument::Kind::flag) one += " …";
        if (argument.is_positional() && argument.kind == Argument::Kind::values) one += "…";
        out += argument.is_required ? " " + one : " [" + one + "]";
    }
    return out;
}

std::string section(const Verb& verb) {
    std::string out = fmt::format("\n### `pidge {}`\n\n{}.", verb.words, verb.summary);
    if (!verb.details.empty()) out += fmt::format(" {}", verb.details);
    out += fmt::format("\n\n    {}\n\n", usage_of(verb));
    for (const Argument& argument : verb.arguments)
        if (!argument.is_hidden) out += fmt::format("- `{}`: {}\n", argument.name, argument.help);
    if (!verb.arguments.empty()) out += "\n";
    out += "Examples:\n\n";
    for (const std::string_view example : verb.examples) out += fmt::format("    {}\n", example);
    return out;
}

}  // namespace

std::string manual() {
    std::string out(head);
    std::string_view group;
    for (const Verb& verb : verbs()) {
        const std::string_view first = verb.words.substr(0, verb.words.find(' '));
        const bool is_group = verb.words.find(' ') != std::string_view::npos;
        const std::string_view title = is_group ? first : "server";
        if (title != group) out += fmt::format("\n## {}\n", title);
        group = title;
        out += section(verb);
    }
    return out;
}

}  // namespace pidge::command
