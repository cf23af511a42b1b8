// Site: the small part of the directory that every transaction needs (domains, ranges, routes), as
// one immutable value in memory. Persons, addresses and credentials are looked up in the store, for
// they are many.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "mail/directory/domain.h"
#include "mail/directory/range.h"
#include "mail/directory/route.h"

namespace pidge::directory {

class Site {
 public:
    Site() = default;
    // `host`: this host's name; may be empty.
    Site(std::vector<Domain> domains, std::vector<Range> ranges, std::vector<Route> routes,
         std::string_view host = {});

    const std::vector<Domain>& domains() const { return domains_; }
    const std::vector<Range>& ranges() const { return ranges_; }
    const std::vector<Route>& routes() const { return routes_; }

    // By normal name. The pointers live as long as the site.
    const Domain* find_domain(std::string_view name) const;
    // Where mail to the bare <postmaster> goes (RFC 5321 §4.5.1), and whose postmaster the site's
    // own messages come from: the domain of the host's name or the closest above it, else the
    // oldest. Null: there is none.
    const Domain* main_domain() const;
    // The narrowest range that holds the address and has not expired.
    const Range* find_range(const net::Address& address, WallTime now) const;
    // The route of a domain: its own, else the closest ".parent", else "*", else null (which means
    // by MX).
    const Route* find_route(std::string_view domain) const;

 private:
    std::vector<Domain> domains_;
    std::vector<Range> ranges_;
    std::vector<Route> routes_;
    std::map<std::string, std::size_t, std::less<>> domain_index_, route_index_;
    std::optional<std::size_t> main_domain_;
};

}  // namespace pidge::directory
