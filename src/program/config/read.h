// Reads the configuration file. All mistakes are found at once, so that one look at them is enough.
// Files that it names are not opened here (program/check does).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "program/config/config.h"
#include "program/config/mistake.h"

namespace pidge::config {

struct Reading {
    Config config;  // as far as it could be read; use it only when there is no mistake
    std::vector<Mistake> mistakes;  // in order of place
};

// `file`: its name, for mistakes and for relative paths.
Reading read_text(std::string_view text, const std::string& file);
Reading read_file(const std::string& path);

}  // namespace pidge::config
