#include <algorithm>

#include "program/config/option.h"

namespace pidge::config {
namespace {

const std::vector<Section> all_sections = {
    {"site", Section::Form::single, "Who this machine is."},
    {"node", Section::Form::single,
     "What this machine does where several share a store (docs/cluster.md). A machine by itself "
     "does "
     "everything."},
    {"log", Section::Form::single,
     "The log goes to standard error, one line for each event; systemd's journal takes it from "
     "there."},
    {"certificate", Section::Form::repeated,
     "A TLS certificate; one entry for each. A client gets the first that bears the name it asks "
     "for, else the first of all. Files are read again at a reload.",
     [](const Config& config) { return config.certificates.size(); },
     [](Config& config, Position at) { config.certificates.push_back({.at = at}); }},
    {"listener", Section::Form::repeated,
     "A socket that clients connect to; one entry for each address and service.",
     [](const Config& config) { return config.listeners.size(); },
     [](Config& config, Position at) { config.listeners.push_back({.at = at}); }},
    {"store", Section::Form::single,
     "Where everything durable lies: directory, queue, bodies, audit trail."},
    {"objects", Section::Form::single,
     "A bucket of an S3-compatible object store for large bodies, beside engine postgres "
     "(docs/cluster.md). The same on all nodes. Without it everything lies in the database."},
    {"control", Section::Form::single,
     "The socket by which the pidge command talks to the running server. Who may write to it "
     "may do everything."},
    {"dns", Section::Form::single, "How names are looked up."},
    {"relay", Section::Form::single, "How mail leaves for other sites."},
    {"limits", Section::Form::single, "What one client or message may take."},
};

}  // namespace

std::span<const Section> sections() {
    return all_sections;
}

const Section* find_section(std::string_view name) {
    for (const Section& section : all_sections)
        if (section.name == name) return &section;
    return nullptr;
}

}  // namespace pidge::config
