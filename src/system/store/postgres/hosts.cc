// Which machines a connection string names.
#include <libpq-fe.h>

#include <memory>

#include "base/text.h"
#include "system/store/postgres/postgres_store.h"

namespace pidge::store {

namespace {

using Settings = std::unique_ptr<PQconninfoOption, decltype(&::PQconninfoFree)>;

std::string value_of(const PQconninfoOption* settings, std::string_view keyword) {
    for (const auto* each = settings; each && each->keyword; ++each)
        if (each->keyword == keyword && each->val) return each->val;
    return {};
}

}  // namespace

std::vector<std::string> postgres_hosts(const std::string& conninfo) {
    char* error = nullptr;
    const Settings given(::PQconninfoParse(conninfo.c_str(), &error), &::PQconninfoFree);
    if (error) ::PQfreemem(error);
    if (!given) return {};
    // An address comes before the name that stands in the same place.
    std::string names = value_of(given.get(), "host");
    const std::string addresses = value_of(given.get(), "hostaddr");
    if (names.empty() && addresses.empty()) {
        const Settings defaults(::PQconndefaults(), &::PQconninfoFree);
        names = value_of(defaults.get(), "host");
    }
    const auto all_names = text::split(names, ',');
    const auto all_addresses = text::split(addresses, ',');
    std::vector<std::string> hosts;
    for (std::size_t i = 0; i < std::max(all_names.size(), all_addresses.size()); ++i) {
        const bool has_address = i < all_addresses.size() && !all_addresses[i].empty();
        const std::string_view host = has_address            ? all_addresses[i]
                                      : i < all_names.size() ? all_names[i]
                                                             : std::string_view();
        // "/run/postgresql" and "@abstract" are sockets of this machine.
        if (!host.empty() && !host.starts_with('/') && !host.starts_with('@'))
            hosts.emplace_back(host);
    }
    return hosts;
}

}  // namespace pidge::store
