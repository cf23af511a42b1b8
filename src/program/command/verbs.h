// The verbs by what they are about; one .cc each.
#pragma once

#include <vector>

#include "program/command/verb.h"

namespace pidge::command {

std::vector<Verb> server_verbs();  // check, serve, status
std::vector<Verb> domain_verbs();
std::vector<Verb> account_verbs();
std::vector<Verb> range_verbs();
std::vector<Verb> route_verbs();
std::vector<Verb> queue_verbs();
std::vector<Verb> audit_verbs();
std::vector<Verb> tls_report_verbs();
std::vector<Verb> node_verbs();
std::vector<Verb> archive_verbs();
std::vector<Verb> config_verbs();
std::vector<Verb> store_verbs();

}  // namespace pidge::command
