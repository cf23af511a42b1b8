// Parses the command line by the table of verbs; the only place that includes CLI11.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "program/command/verb.h"

namespace pidge::command {

struct Parsed {
    const Verb* verb = nullptr;  // null: nothing to run; `text` says why
    Given given;
    std::string config_path;
    bool wants_json = false;
    std::string text;  // help, or what is wrong in one line
    int code = 0;      // exit code where there is nothing to run
};

// `words`: without the name of the program.
Parsed parse(std::vector<std::string> words);

}  // namespace pidge::command
