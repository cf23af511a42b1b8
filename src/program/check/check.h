// check: whether what the configuration names is there and fits: certificates, ports, folders,
// disk, store, clock, routes, and what the DNS says of our names [J7, J8, O4]. Changes nothing.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "program/config/config.h"

namespace pidge::program {

struct Finding {
    enum class Kind : std::uint8_t {
        good,
        warning,  // works, but others may refuse our mail, or it will not work for ever
        error,    // the service cannot start, or not do its work
    };
    Kind kind = Kind::good;
    std::string about;    // "certificate", "listener mx"
    std::string text;     // what was found
    std::string instead;  // how to mend it; empty when good
};

struct CheckOptions {
    bool asks_dns = true;
};

std::vector<Finding> check(const config::Config& config, CheckOptions options);

}  // namespace pidge::program
