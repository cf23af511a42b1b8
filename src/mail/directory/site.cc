#include "mail/directory/site.h"

#include "formats/address/domain.h"

namespace pidge::directory {

Site::Site(std::vector<Domain> domains, std::vector<Range> ranges, std::vector<Route> routes,
           std::string_view host)
    : domains_(std::move(domains)), ranges_(std::move(ranges)), routes_(std::move(routes)) {
    for (std::size_t i = 0; i < domains_.size(); ++i) domain_index_[domains_[i].name] = i;
    for (std::size_t i = 0; i < routes_.size(); ++i) route_index_[routes_[i].domain] = i;
    const auto normal = address::normal_domain(host);
    for (std::string_view name = normal ? std::string_view(*normal) : std::string_view();
         !name.empty() && !main_domain_;) {
        if (const auto found = domain_index_.find(name); found != domain_index_.end())
            main_domain_ = found->second;
        const auto dot = name.find('.');
        name = dot == std::string_view::npos ? std::string_view() : name.substr(dot + 1);
    }
    if (main_domain_) return;
    for (std::size_t i = 0; i < domains_.size(); ++i)
        if (!main_domain_ || domains_[i].created < domains_[*main_domain_].created)
            main_domain_ = i;
}

const Domain* Site::main_domain() const {
    return main_domain_ ? &domains_[*main_domain_] : nullptr;
}

const Domain* Site::find_domain(std::string_view name) const {
    const auto found = domain_index_.find(name);
    return found == domain_index_.end() ? nullptr : &domains_[found->second];
}

const Range* Site::find_range(const net::Address& address, WallTime now) const {
    const Range* narrowest = nullptr;
    for (const Range& range : ranges_) {
        if (range.expires && *range.expires <= now) continue;
        if (!range.network.contains(address)) continue;
        if (!narrowest || range.network.prefix_length() > narrowest->network.prefix_length())
            narrowest = &range;
    }
    return narrowest;
}

const Route* Site::find_route(std::string_view domain) const {
    const auto find = [this](std::string_view pattern) -> const Route* {
        const auto found = route_index_.find(pattern);
        return found == route_index_.end() ? nullptr : &routes_[found->second];
    };
    if (const Route* own = find(domain)) return own;
    for (auto dot = domain.find('.'); dot != std::string_view::npos;
         dot = domain.find('.', dot + 1))
        if (const Route* parent = find(domain.substr(dot))) return parent;
    return find("*");
}

}  // namespace pidge::directory
