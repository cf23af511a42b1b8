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
    Site(std::vector<Domain> domains, std::vector<Range> ranges, std::vector<Route> routes);

    const std::vector<Domain>& domains() const { return domains_; }
    const std::vector<Range>& ranges() const { return ranges_; }
    const std::vector<Route>& routes() const { return routes_; }

    // By normal name. The pointers live as long as the site.
    const Domain* find_domain(std::string_view name) const;
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
};

}  // namespace pidge::directory
