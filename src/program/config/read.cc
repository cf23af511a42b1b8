#include "program/config/read.h"

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>

#include <fmt/format.h>

#include "base/text.h"
#include "program/config/document.h"
#include "program/config/option.h"
#include "program/config/rules.h"
#include "program/config/suggest.h"
#include "program/config/value.h"

namespace pidge::config {
namespace {

constexpr std::size_t file_octets_max = 1U << 20;  // a machine has a few dozen lines
constexpr std::size_t mistakes_max = 100;          // nobody reads more at once

// Words of the organisation, which are kept in the store, and the command for them.
struct Elsewhere {
    std::string_view word, command;
};
constexpr std::array<Elsewhere, 10> in_the_store = {{
    {"domain", "pidge domain add"},
    {"domains", "pidge domain add"},
    {"account", "pidge account add"},
    {"accounts", "pidge account add"},
    {"user", "pidge account add"},
    {"users", "pidge account add"},
    {"range", "pidge range add"},
    {"ranges", "pidge range add"},
    {"route", "pidge route set"},
    {"routes", "pidge route set"},
}};

class Reader {
 public:
    Reader(std::string_view text, const std::string& file) : text_(text) {
        reading_.config.file = file;
        folder_ = std::filesystem::absolute(file).parent_path();
        // Relative defaults start nowhere: all of them are absolute.
    }

    Reading read() {
        auto document = read_document(text_, reading_.config.file);
        if (!document) {
            reading_.mistakes.push_back(std::move(document.error()));
            return std::move(reading_);
        }
        for (const Node& node : document->members) read_section(node.key, node);
        require_single_sections(*document);
        std::vector<Mistake> broken = broken_rules(reading_.config, set_);
        for (Mistake& mistake : broken) add(std::move(mistake));
        sort(reading_.mistakes);
        return std::move(reading_);
    }

 private:
    void add(Mistake mistake) {
        mistake.file = reading_.config.file;
        if (reading_.mistakes.size() < mistakes_max)
            reading_.mistakes.push_back(std::move(mistake));
    }

    void read_section(const std::string& name, const Node& node) {
        const Section* section = find_section(name);
        if (section == nullptr) return unknown_section(name, node);
        if (section->form == Section::Form::single) {
            if (node.kind == Node::Kind::table) return read_entry(*section, node, 0);
            const bool is_repeated = node.kind == Node::Kind::list;
            return add({.at = node.key_at,
                        .key = name,
                        .wrong = is_repeated ? "there is only one such section."
                                             : "this is a section, not a value.",
                        .instead = fmt::format("Write [{}] on a line of its own.", name)});
        }
        if (node.kind != Node::Kind::list || has_other_than_tables(node)) {
            set_.note_wrong_section(name);
            return add({.at = node.key_at,
                        .key = name,
                        .wrong = "there can be several of these, so each has double brackets.",
                        .instead = fmt::format("Write [[{}]] on a line of its own.", name)});
        }
        for (const Node& entry : node.items) {
            section->add(reading_.config, entry.at);
            read_entry(*section, entry, section->count(reading_.config) - 1);
        }
    }

    static bool has_other_than_tables(const Node& list) {
        return std::ranges::any_of(list.items,
                                   [](const Node& item) { return item.kind != Node::Kind::table; });
    }

    void unknown_section(const std::string& name, const Node& node) {
        for (const Elsewhere& elsewhere : in_the_store)
            if (name == elsewhere.word)
                return add({.at = node.key_at,
                            .key = name,
                            .wrong = "this belongs to the organisation, which is kept in the "
                                     "store, not in this file.",
                            .instead = fmt::format("Use the command: {}", elsewhere.command)});
        if (node.kind == Node::Kind::table || node.kind == Node::Kind::list) {
            std::vector<std::string_view> names;
            for (const Section& section : sections()) names.push_back(section.name);
            const std::string_view meant = closest(name, names);
            return add({.at = node.key_at,
                        .key = name,
                        .wrong = "there is no such section.",
                        .instead = meant.empty() ? "These exist: " + listed(names) + "."
                                                 : fmt::format("Did you mean {}?",
                                                               header_of(*find_section(meant)))});
        }
        key_outside_sections(name, node);
    }

    static std::string header_of(const Section& section) {
        return section.form == Section::Form::repeated ? fmt::format("[[{}]]", section.name)
                                                       : fmt::format("[{}]", section.name);
    }

    static std::string listed(const std::vector<std::string_view>& names) {
        std::string out;
        for (const std::string_view name : names) {
            if (!out.empty()) out += ", ";
            out += name;
        }
        return out;
    }

    void key_outside_sections(const std::string& name, const Node& node) {
        std::string instead = "Put it below its section, as [site].";
        for (const Option& option : options())
            if (option.name == name) {
                instead = fmt::format("Put it below {}.", header_of(*find_section(option.section)));
                break;
            }
        add({.at = node.key_at,
             .key = name,
             .wrong = "this key stands outside of any section.",
             .instead = instead});
    }

    void read_entry(const Section& section, const Node& node, std::size_t index) {
        meant_.clear();
        for (const Node& value : node.members) {
            const std::string& key = value.key;
            const Option* option = find_option(section.name, key);
            if (option == nullptr) {
                unknown_key(section, key, value);
                continue;
            }
            set_.note(*option, index, value.at);
            const auto wrong =
                set_value(*option, option->slot(reading_.config, index), value, folder_);
            if (!wrong) continue;
            set_.note_wrong(*option, index);
            add({.at = wrong->at,
                 .key = fmt::format("{}.{}", section.name, key),
                 .wrong = wrong->wrong,
                 .instead = wrong->instead});
        }
        require_options(section, node, index);
    }

    void unknown_key(const Section& section, const std::string& key, const Node& value) {
        Mistake mistake{.at = value.key_at,
                        .key = fmt::format("{}.{}", section.name, key),
                        .wrong = fmt::format("{} has no such key.", header_of(section))};
        const std::string lower = text::to_lower(key);
        for (const std::string_view word : {"password", "passphrase", "secret", "token"})
            if (lower.find(word) != std::string::npos) {
                mistake.wrong = "secrets do not stand in this file.";
                mistake.instead =
                    "Name a file that only pidge can read, or a systemd credential "
                    "(\"credential:NAME\"), where a key asks for one.";
                return add(std::move(mistake));
            }
        std::vector<std::string_view> names;
        for (const Option& option : options())
            if (option.section == section.name) names.push_back(option.name);
        const std::string_view meant = closest(key, names);
        if (!meant.empty()) {
            meant_.insert(find_option(section.name, meant));
            mistake.instead = fmt::format("Did you mean: {} = {}", meant,
                                          find_option(section.name, meant)->example);
            return add(std::move(mistake));
        }
        for (const Option& option : options())
            if (option.name == key) {
                mistake.instead =
                    fmt::format("It belongs below {}.", header_of(*find_section(option.section)));
                return add(std::move(mistake));
            }
        mistake.instead = "These exist: " + listed(names) + ".";
        add(std::move(mistake));
    }

    void require_options(const Section& section, const Node& node, std::size_t index) {
        for (const Option& option : options()) {
            if (option.section != section.name || option.needed != Needed::required) continue;
            if (node.find(option.name) != nullptr) continue;
            set_.note_wrong(option, index);
            if (meant_.contains(&option)) continue;  // misspelt, which has been told
            add({.at = node.at,
                 .key = fmt::format("{}.{}", section.name, option.name),
                 .wrong = fmt::format("it is missing from this {}.", header_of(section)),
                 .instead = fmt::format("Add: {} = {}", option.name, option.example)});
        }
    }

    // Sections that are left out whole, but have something that must be said.
    void require_single_sections(const Node& document) {
        for (const Section& section : sections())
            if (section.form == Section::Form::single && document.find(section.name) == nullptr)
                read_entry(section, Node{.at = {1, 1}}, 0);
    }

    std::string_view text_;
    std::string folder_;
    Reading reading_;
    Settings set_;
    std::set<const Option*> meant_;  // by misspelt keys of the present entry
};

Reading failed(const std::string& path, std::string wrong, std::string instead) {
    Reading reading;
    reading.config.file = path;
    reading.mistakes.push_back(
        {.file = path, .wrong = std::move(wrong), .instead = std::move(instead)});
    return reading;
}

}  // namespace

Reading read_text(std::string_view text, const std::string& file) {
    return Reader(text, file).read();
}

Reading read_file(const std::string& path) {
    std::error_code error;
    if (std::filesystem::is_directory(path, error))
        return failed(path, "this is a folder.", "Name the file: --config " + path + "/pidge.toml");
    std::ifstream in(path, std::ios::binary);
    if (!in) {
        const int number = errno;
        const std::string wrong = fmt::format("the configuration cannot be read: {}.",
                                              std::generic_category().message(number));
        if (number != ENOENT)
            return failed(
                path, wrong,
                "Run this as a user who may read it: root, or the server's (sudo -u pidge "
                "pidge …).");
        return failed(path, wrong,
                      "Begin with a sample: pidge config sample > " + path +
                          ", or name another file with --config.");
    }
    std::string text(file_octets_max + 1, '\0');
    in.read(text.data(), static_cast<std::streamsize>(text.size()));
    text.resize(static_cast<std::size_t>(in.gcount()));
    if (text.size() > file_octets_max)
        return failed(path, "the file is larger than 1 MiB.", "Is this the right file?");
    return read_text(text, path);
}

}  // namespace pidge::config
