#include "program/config/compare.h"

#include <fmt/format.h>
#include <algorithm>

namespace pidge::config {
namespace {

void compare_entry(const Section& section, const Config& before, std::size_t i, const Config& after,
                   std::size_t j, const std::string& label, std::vector<Difference>& out) {
    for (const Option& option : options()) {
        if (option.section != section.name) continue;
        std::string old_text = written(option, before, i);
        std::string new_text = written(option, after, j);
        if (old_text == new_text) continue;
        out.push_back({fmt::format("{}.{}", label, option.name), std::move(old_text),
                       std::move(new_text), option.changeable});
    }
}

std::string label_of(const Section& section, const Config& config, std::size_t index) {
    if (section.name == "listener")
        return fmt::format("listener \"{}\"", config.listeners[index].name);
    return fmt::format("{} {}", section.name, index + 1);
}

void compare_repeated(const Section& section, const Config& before, const Config& after,
                      std::vector<Difference>& out) {
    // Listeners hold sockets, which are opened at the start.
    const Changeable changeable =
        section.name == "listener" ? Changeable::at_restart : Changeable::at_reload;
    std::vector<bool> is_met(section.count(before));
    for (std::size_t j = 0; j < section.count(after); ++j) {
        const std::string label = label_of(section, after, j);
        std::size_t i = 0;
        while (i < is_met.size() && (is_met[i] || label_of(section, before, i) != label)) ++i;
        if (i == is_met.size()) {
            out.push_back({label, "", "new", changeable});
            continue;
        }
        is_met[i] = true;
        compare_entry(section, before, i, after, j, label, out);
    }
    for (std::size_t i = 0; i < is_met.size(); ++i)
        if (!is_met[i]) out.push_back({label_of(section, before, i), "", "removed", changeable});
}

}  // namespace

std::vector<Difference> compare(const Config& before, const Config& after) {
    std::vector<Difference> out;
    for (const Section& section : sections()) {
        if (section.form == Section::Form::repeated)
            compare_repeated(section, before, after, out);
        else
            compare_entry(section, before, 0, after, 0, std::string(section.name), out);
    }
    return out;
}

Config reloadable(const Config& before, const Config& after) {
    Config out = after;
    out.site = before.site;
    out.store = before.store;
    out.control = before.control;
    out.dns = before.dns;
    out.relay = before.relay;
    out.store.reserve_bytes = after.store.reserve_bytes;
    out.limits.threads = before.limits.threads;
    out.listeners = before.listeners;
    for (Listener& listener : out.listeners) {
        const auto now = std::ranges::find(after.listeners, listener.name, &Listener::name);
        if (now == after.listeners.end()) continue;
        listener.balancers = now->balancers;
        listener.connections = now->connections;
    }
    return out;
}

}  // namespace pidge::config
