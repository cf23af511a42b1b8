// Verb: one command of the command line, told as data: its words, arguments, help and examples. The
// parser (parse.h), --help and docs/commands.md are made from the same tables.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace pidge::command {

struct Argument {
    enum class Kind : std::uint8_t {
        flag,
        value,
        values,  // given several times, or as several words
    };
    std::string_view name;  // "--owner"; a positional one in capitals: "NETWORK"
    Kind kind = Kind::value;
    std::string_view help;
    bool is_required = false;
    bool is_hidden = false;  // accepted only to be refused with an explanation

    bool is_positional() const { return !name.starts_with("--"); }
};

// What was given.
class Given {
 public:
    bool has(std::string_view name) const { return values_.contains(name); }
    // The value; the first of several; empty when not given.
    const std::string& text(std::string_view name) const;
    const std::vector<std::string>& list(std::string_view name) const;
    std::string text_or(std::string_view name, std::string_view otherwise) const;

    void set(std::string name, std::vector<std::string> values) {
        values_[std::move(name)] = std::move(values);
    }

 private:
    std::map<std::string, std::vector<std::string>, std::less<>> values_;
};

class Call;

struct Verb {
    enum class Needs : std::uint8_t {
        nothing,
        config,  // the configuration, read without mistakes
        site,    // besides, the running server or the store
    };
    std::string_view words;    // "domain add"
    std::string_view summary;  // one line
    std::string_view details;  // whole sentences; may be empty
    std::vector<Argument> arguments;
    std::vector<std::string_view> examples;
    Needs needs = Needs::site;
    // Prints what is asked for. A refusal is printed by the caller and decides the exit code.
    Result<> (*run)(Call& call) = nullptr;
};

// The whole command line, in order of the manual.
std::span<const Verb> verbs();
const Verb* find_verb(std::string_view words);

// Exit codes (sysexits.h where there is one).
enum class Exit : std::uint8_t { good = 0, refused = 1, usage = 2, unavailable = 69, config = 78 };
Exit exit_of(const Refusal& refusal);

}  // namespace pidge::command
