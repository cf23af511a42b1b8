#include "program/config/manual.h"

#include <fmt/format.h>

#include "base/text.h"
#include "program/config/option.h"

namespace pidge::config {
namespace {

constexpr std::size_t columns_max = 98;

// "# " and the text in lines of the width of the file.
std::string comment(std::string_view meaning) {
    std::string out, line = "#";
    for (const std::string_view word : text::split(meaning, ' ')) {
        if (line.size() + 1 + word.size() > columns_max) {
            out += line + "\n";
            line = "#";
        }
        line += fmt::format(" {}", word);
    }
    return out + line + "\n";
}

std::string header(const Section& section) {
    return section.form == Section::Form::repeated ? fmt::format("[[{}]]", section.name)
                                                   : fmt::format("[{}]", section.name);
}

// A Config in which every repeated section has one entry, to show defaults from.
Config defaults() {
    Config config;
    for (const Section& section : sections())
        if (section.add != nullptr) section.add(config, {});
    return config;
}

std::string default_text(const Option& option) {
    if (!option.default_note.empty()) return std::string(option.default_note);
    if (option.needed == Needed::required) return {};
    return written(option, defaults());
}

std::string bounds(const Option& option) {
    if (option.most == 0) return {};
    const auto text = [&](std::uint64_t number) {
        if (option.type == Type::size) return size_text(number);
        if (option.type == Type::duration) return duration_text(std::chrono::seconds(number));
        return fmt::format("{}", number);
    };
    return fmt::format("{} to {}", text(option.least), text(option.most));
}

std::string words(const Option& option) {
    std::string out;
    for (const std::string_view word : option.choices)
        out += fmt::format("{}\"{}\"", out.empty() ? "" : ", ", word);
    return out;
}

std::string sample_option(const Option& option, std::string_view value) {
    std::string out = comment(option.meaning);
    if (!option.choices.empty())
        out += comment((option.type == Type::words ? "Some of " : "One of ") + words(option) + ".");
    const bool is_set = !value.empty();
    const std::string shown = is_set ? std::string(value) : std::string(option.example);
    if (!is_set && option.needed == Needed::optional)
        out += comment("Default: " + default_text(option) + ".");
    return out + fmt::format("{}{} = {}\n\n", is_set ? "" : "# ", option.name, shown);
}

// What the sample sets: a site with the four usual listeners.
struct Given {
    std::string_view name, value;
};
using Entry = std::vector<Given>;

std::vector<Entry> sample_entries(std::string_view section) {
    if (section == "site") return {{{"hostname", "\"mail.example.org\""}}};
    if (section == "certificate")
        return {{{"chain", "\"credential:tls.pem\""}, {"key", "\"credential:tls.key\""}}};
    if (section == "listener")
        return {
            {{"name", "\"mx\""}, {"service", "\"mx\""}, {"address", "\"0.0.0.0:25\""}},
            {{"name", "\"submission\""},
             {"service", "\"submission\""},
             {"address", "\"0.0.0.0:587\""}},
            {{"name", "\"submissions\""},
             {"service", "\"submissions\""},
             {"address", "\"0.0.0.0:465\""}},
            {{"name", "\"status\""}, {"service", "\"http\""}, {"address", "\"127.0.0.1:8025\""}},
        };
    return {{}};
}

std::string_view given(const Entry& entry, std::string_view name) {
    for (const Given& value : entry)
        if (value.name == name) return value.value;
    return {};
}

std::string sample_section(const Section& section) {
    std::string out = comment(section.meaning);
    const std::vector<Entry> entries = sample_entries(section.name);
    out += header(section) + "\n";
    for (const Option& option : options())
        if (option.section == section.name)
            out += sample_option(option, given(entries.front(), option.name));
    for (std::size_t i = 1; i < entries.size(); ++i) {
        out += header(section) + "\n";
        for (const Given& value : entries[i])
            out += fmt::format("{} = {}\n", value.name, value.value);
        out += "\n";
    }
    return out;
}

std::string effective_entry(const Section& section, const Config& config, std::size_t index) {
    std::string out = header(section) + "\n";
    for (const Option& option : options()) {
        if (option.section != section.name) continue;
        const std::string value = written(option, config, index);
        if (value.empty())
            out += fmt::format("# {}: {}\n", option.name, default_text(option));
        else
            out += fmt::format("{} = {}\n", option.name, value);
    }
    return out + "\n";
}

std::string cell(std::string_view text) {
    std::string out;
    for (const char c : text) {
        if (c == '|') out += '\\';
        out += c;
    }
    return out;
}

std::string manual_option(const Option& option) {
    std::string kind(type_text(option.type));
    if (!option.choices.empty())
        kind = (option.type == Type::words ? "a list of " : "one of ") + words(option);
    if (option.most != 0) kind += ", " + bounds(option);
    const std::string otherwise =
        option.needed == Needed::required ? "must be given" : default_text(option);
    return fmt::format("| `{}` | {} | {} | {} | {} |\n", option.name, cell(option.meaning),
                       cell(kind), cell(otherwise),
                       option.changeable == Changeable::at_reload ? "at a reload" : "no");
}

constexpr std::string_view manual_head = R"(# Configuration

<!-- Made from src/program/config/option.cc: renew it with `pidge config manual`. -->

`/etc/pidge/pidge.toml` says what belongs to this machine: listeners, certificates, store, paths,
limits. What belongs to the organisation (domains, accounts, ranges, routes) is kept in the store
and changed with the `pidge` command; nothing is in both.

- `pidge config sample > /etc/pidge/pidge.toml` writes a commented file to begin with.
- `pidge check` reads it and tries everything that it names. All mistakes are told at once, each
  with file, line and what to write instead.
- `systemctl reload pidge` (SIGHUP) reads it again. Either everything in it is applied, or
  nothing is and the log says why. Options with "no" in the last column need a restart; the log
  says so when one of them was changed.
- Unknown keys are mistakes. Passwords and keys never stand in this file, only the names of files
  or of systemd credentials.
- Other mail systems can be told from this one by `site.hostname`; keep `site.node` for ever.
)";

}  // namespace

std::string sample() {
    std::string out = comment(
        "The configuration of pidge on this machine. Domains, accounts, ranges and routes are not "
        "here but in the store: see pidge domain --help. After a change: pidge check, then "
        "systemctl reload pidge.");
    out += "\n";
    for (const Section& section : sections()) out += sample_section(section);
    out.pop_back();
    return out;
}

std::string manual() {
    std::string out(manual_head);
    for (const Section& section : sections()) {
        out += fmt::format("\n## `{}`\n\n{}\n\n", header(section), section.meaning);
        out += "| option | meaning | value | default | can change while running |\n";
        out += "|---|---|---|---|---|\n";
        for (const Option& option : options())
            if (option.section == section.name) out += manual_option(option);
    }
    return out;
}

std::string effective(const Config& config) {
    std::string out;
    for (const Section& section : sections()) {
        const std::size_t count = section.count == nullptr ? 1 : section.count(config);
        for (std::size_t i = 0; i < count; ++i) out += effective_entry(section, config, i);
    }
    if (!out.empty()) out.pop_back();
    return out;
}

}  // namespace pidge::config
