#include "program/command/verb.h"

#include "program/command/verbs.h"

namespace pidge::command {

const std::vector<std::string>& Given::list(std::string_view name) const {
    static const std::vector<std::string> none;
    const auto found = values_.find(name);
    return found == values_.end() ? none : found->second;
}

const std::string& Given::text(std::string_view name) const {
    static const std::string none;
    const auto& all = list(name);
    return all.empty() ? none : all.front();
}

std::string Given::text_or(std::string_view name, std::string_view otherwise) const {
    return has(name) ? text(name) : std::string(otherwise);
}

std::span<const Verb> verbs() {
    static const std::vector<Verb> all = [] {
        std::vector<Verb> out;
        for (auto* make :
             {server_verbs, domain_verbs, account_verbs, range_verbs, route_verbs, queue_verbs,
              audit_verbs, tls_report_verbs, node_verbs, archive_verbs, store_verbs, config_verbs})
            for (Verb& verb : make()) out.push_back(std::move(verb));
        return out;
    }();
    return all;
}

const Verb* find_verb(std::string_view words) {
    for (const Verb& verb : verbs())
        if (verb.words == words) return &verb;
    return nullptr;
}

Exit exit_of(const Refusal& refusal) {
    if (refusal.kind == Refusal::Kind::syntax && refusal.code == "usage") return Exit::usage;
    if (refusal.code == "config") return Exit::config;
    return refusal.kind == Refusal::Kind::temporary ? Exit::unavailable : Exit::refused;
}

}  // namespace pidge::command
