#include "program/command/parse.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <map>

#include <fmt/format.h>

#include "program/config/suggest.h"

namespace pidge::command {
namespace {

constexpr std::string_view config_usual = "/etc/pidge/pidge.toml";

const std::map<std::string_view, std::string_view> groups = {
    {"domain", "Domains of ours"},
    {"account", "People and processes, their addresses and passwords"},
    {"range", "Networks whose machines submit without a password"},
    {"route", "How mail leaves this machine"},
    {"queue", "Messages that are on their way"},
    {"audit", "The audit trail"},
    {"node", "The nodes on one store"},
    {"store", "Everything that is stored"},
    {"tls-report", "What came of TLS with other sites"},
    {"config", "The configuration file"},
};

// What CLI11 fills in for one verb.
struct Filled {
    std::map<std::string, bool> flags;
    std::map<std::string, std::vector<std::string>> values;
};

class Parser {
 public:
    Parser() {
        app_.require_subcommand(1);
        app_.failure_message(CLI::FailureMessage::simple);
        app_.add_option("--config", config_, "The configuration file")
            ->type_name("FILE")
            ->capture_default_str();
        app_.add_flag("--json", json_, "Print JSON, for programs");
        app_.set_version_flag("--version", std::string("pidge ") + PIDGE_VERSION);
        app_.footer("pidge COMMAND --help explains each command. Manual: docs/commands.md");
        app_.fallthrough();
        for (const Verb& verb : verbs()) add(verb);
    }

    Parsed parse(std::vector<std::string> words) {
        Parsed parsed;
        parsed.wants_json = std::ranges::find(words, "--json") != words.end();
        std::ranges::reverse(words);  // as CLI11 wants them
        try {
            app_.parse(std::move(words));
        } catch (const CLI::CallForHelp&) {
            parsed.text = help();
            return parsed;
        } catch (const CLI::CallForVersion&) {
            parsed.text = std::string("pidge ") + PIDGE_VERSION + "\n";
            return parsed;
        } catch (const CLI::ParseError& error) {
            parsed.code = static_cast<int>(Exit::usage);
            parsed.text = unknown_word().value_or(std::string(error.what()));
            if (!parsed.text.ends_with('.') && !parsed.text.ends_with('?')) parsed.text += ".";
            parsed.text += fmt::format(" See: {} --help", where());
            return parsed;
        }
        parsed.config_path = config_;
        parsed.wants_json = json_;
        for (const auto& [verb, app] : apps_)
            if (app->parsed()) take(*verb, parsed);
        return parsed;
    }

 private:
    CLI::App* group(std::string_view name) {
        CLI::App*& made = groups_[name];
        if (made != nullptr) return made;
        made = app_.add_subcommand(std::string(name), std::string(groups.at(name)));
        made->require_subcommand(1);
        made->fallthrough();
        return made;
    }

    void add(const Verb& verb) {
        const std::size_t space = verb.words.find(' ');
        CLI::App* parent =
            space == std::string_view::npos ? &app_ : group(verb.words.substr(0, space));
        CLI::App* app = parent->add_subcommand(
            std::string(space == std::string_view::npos ? verb.words
                                                        : verb.words.substr(space + 1)),
            std::string(verb.summary));
        app->fallthrough();
        std::string footer = verb.details.empty() ? "" : std::string(verb.details) + "\n\n";
        footer += "Examples:\n";
        for (const std::string_view example : verb.examples)
            footer += fmt::format("  {}\n", example);
        app->footer(footer);
        apps_.emplace_back(&verb, app);
        for (const Argument& argument : verb.arguments) add(app, verb, argument);
    }

    void add(CLI::App* app, const Verb& verb, const Argument& argument) {
        Filled& filled = filled_[&verb];
        const std::string name(argument.name), help(argument.help);
        if (argument.kind == Argument::Kind::flag) {
            app->add_flag(name, filled.flags[name], help);
            return;
        }
        CLI::Option* option = app->add_option(name, filled.values[name], help);
        option->type_name(argument.is_positional() ? "" : "VALUE");
        option->required(argument.is_required);
        if (argument.kind == Argument::Kind::value) {
            option->expected(1)->multi_option_policy(CLI::MultiOptionPolicy::Throw);
        } else if (argument.is_positional()) {
            option->expected(1, 1'000'000);
        } else {
            option->expected(1)->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
        }
        if (argument.is_hidden) option->group("");
    }

    void take(const Verb& verb, Parsed& parsed) {
        parsed.verb = &verb;
        for (const auto& [name, is_set] : filled_[&verb].flags)
            if (is_set) parsed.given.set(name, {});
        for (auto& [name, values] : filled_[&verb].values)
            if (!values.empty()) parsed.given.set(name, std::move(values));
    }

    // The innermost command that was named.
    const CLI::App* innermost() const {
        const CLI::App* app = &app_;
        for (;;) {
            const auto below = app->get_subcommands();
            if (below.empty()) return app;
            app = below.front();
        }
    }

    // What stands where a command should; CLI11 tells only that there is none.
    std::optional<std::string> unknown_word() const {
        const CLI::App* app = innermost();
        std::vector<std::string_view> known;
        for (const CLI::App* below : app->get_subcommands([](const CLI::App*) { return true; }))
            known.push_back(below->get_name());
        const std::vector<std::string> left = app_.remaining(true);
        if (known.empty() || left.empty()) return std::nullopt;
        const std::string& word = left.front();
        if (word.starts_with('-')) return fmt::format("There is no option {}.", word);
        const std::string_view meant = config::closest(word, known);
        if (meant.empty()) return fmt::format("There is no command \"{} {}\".", where(), word);
        return fmt::format("There is no command \"{} {}\". Did you mean \"{}\"?", where(), word,
                           meant);
    }

    std::string where() const {
        std::string words = "pidge";
        const CLI::App* app = &app_;
        for (auto below = app->get_subcommands(); !below.empty();
             below = below.front()->get_subcommands())
            words += " " + below.front()->get_name();
        return words;
    }

    std::string help() const {
        const CLI::App* app = innermost();
        // CLI11 adds the name of the innermost command itself.
        const std::string words = where();
        const std::size_t space = words.rfind(' ');
        return app->help(space == std::string::npos ? "" : words.substr(0, space));
    }

    CLI::App app_{"pidge: the mail service of a site in one program", "pidge"};
    std::string config_{config_usual};
    bool json_ = false;
    std::vector<std::pair<const Verb*, CLI::App*>> apps_;
    std::map<std::string_view, CLI::App*> groups_;
    std::map<const Verb*, Filled> filled_;
};

}  // namespace

Parsed parse(std::vector<std::string> words) {
    return Parser().parse(std::move(words));
}

}  // namespace pidge::command
