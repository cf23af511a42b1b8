// The parts of check(). Internal to this folder.
#pragma once

#include "formats/json/value.h"
#include "program/check/check.h"

namespace pidge::program {

using Findings = std::vector<Finding>;

// What is known of the site, from the running server or from the store.
struct Known {
    bool is_running = false;
    bool is_known = false;               // false: there is neither server nor store yet
    std::vector<std::string> listening;  // addresses that the running server has
    std::vector<std::string> domains;
    std::vector<std::string> routes;          // their patterns
    std::vector<std::string> password_files;  // of routes with a user; "" for the others
};
Known learn(const config::Config& config, Findings& out);

void check_certificates(const config::Config& config, Findings& out);
void check_listeners(const config::Config& config, const Known& known, Findings& out);
void check_relay(const config::Config& config, Findings& out);
void check_folders(const config::Config& config, const Known& known, Findings& out);
void check_database(const config::Config& config, Findings& out);
void check_routes(const Known& known, Findings& out);
void check_passwords(const Known& known, Findings& out);
void check_clock(Findings& out);
void check_dns(const config::Config& config, const Known& known, Findings& out);

}  // namespace pidge::program
