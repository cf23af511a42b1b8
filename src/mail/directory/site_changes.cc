// The changes of what Site holds: domains, anonymous ranges, routes. Planned on what is stored, not
// on what this node remembers of it.

#include <algorithm>

#include "formats/unicode/fold.h"
#include "mail/directory/directory.h"
#include "mail/directory/limits.h"
#include "mail/directory/planning.h"

namespace pidge::directory {

namespace {

// A password goes to a host that has proven who it is, and to no other.
Result<void> check_login(const Route& route) {
    const bool is_named = !route.user.empty() || !route.password_file.empty();
    if ((is_named || route.implicit_tls) && route.kind != Route::Kind::next_hop)
        return refusal(Refusal::Kind::syntax,
                       "Only a route to a host by SMTP has a user, or TLS from the first octet.");
    if (!is_named) return {};
    if (route.user.empty() || route.password_file.empty())
        return refusal(Refusal::Kind::syntax, "A user and a password file come together.");
    if (route.user.size() > login_octets_max || unicode::has_steering(route.user))
        return refusal(Refusal::Kind::syntax,
                       "A user is at most 320 octets without control characters.");
    if (!route.password_file.starts_with('/') || route.password_file.size() > text_octets_max ||
        unicode::has_steering(route.password_file))
        return refusal(Refusal::Kind::syntax, "A password file is named by its absolute path.");
    if (route.tls != Route::Tls::verified)
        return refusal(Refusal::Kind::syntax,
                       "A route with a user needs verified TLS: the password would go to anybody.");
    return {};
}

// Fails the commit when it is gone by then.
template <typename Id>
void erase_present(store::Change& change, store::Space space, const Id& id) {
    change.check_present(space, id_key(id.bytes()));
    change.erase(space, id_key(id.bytes()));
}

}  // namespace

net::Task<Result<store::Change>> Directory::add_domain(Domain domain) {
    domain.name = CO_TRY(address::normal_domain(domain.name));
    // Who made a login of an address in it, when it was nobody's, is asked to look again.
    const Version version = co_await Version::read(store_, addresses_in(domain.name));
    if (co_await store_.get(store::Space::domain, domain.name))
        co_return refusal(Refusal::Kind::conflict,
                          "The domain " + domain.name + " exists already.");
    if (domain.created == WallTime{}) domain.created = clock_.now();
    store::Change change;
    version.check(change);
    Version::advance(change, addresses_in(domain.name));
    change.put_new(store::Space::domain, domain.name, record_of(domain));
    changes_site(change);
    co_return change;
}

net::Task<Result<store::Change>> Directory::update_domain(Domain before, Domain domain) {
    const auto stored = co_await store_.get(store::Space::domain, domain.name);
    if (!stored) co_return missing("domain " + domain.name);
    if (read_domain(*stored) != before) co_return overtaken(store::Space::domain, domain.name);
    for (const auto* members : {&domain.postmaster, &domain.abuse})
        for (const std::string& member : *members) CO_TRY(address::parse_mailbox(member));
    store::Change change;
    change.check_equals(store::Space::domain, domain.name, *stored);
    change.put(store::Space::domain, domain.name, record_of(domain));
    changes_site(change);
    co_return change;
}

net::Task<Result<store::Change>> Directory::remove_domain(std::string name) {
    const Version version = co_await Version::read(store_, addresses_in(name));
    const auto stored = co_await store_.get(store::Space::domain, name);
    if (!stored) co_return missing("domain " + name);
    const std::string ending = "@" + name;
    for (std::optional<PrincipalId> after;;) {
        const auto page = co_await principals(after, 1000);
        for (const Principal& principal : page)
            for (const auto* list : {&principal.published, &principal.aliases})
                for (const std::string& own : *list)
                    if (own.ends_with(ending))
                        co_return refusal(Refusal::Kind::conflict,
                                          "The domain " + name +
                                              " has addresses still, for example " + own +
                                              "; remove them first.");
        if (page.size() < 1000) break;
        after = page.back().id;
    }
    store::Change change;
    change.check_equals(store::Space::domain, name, *stored);
    version.check(change);
    change.erase(store::Space::domain, name);
    changes_site(change);
    co_return change;
}

net::Task<Result<store::Change>> Directory::add_range(Range range) {
    CO_TRY(address::parse_mailbox(range.owner));
    const std::string subject = "range/" + range.network.text();
    const Version version = co_await Version::read(store_, subject);
    for (const Range& other : co_await read_all(store_, store::Space::range, read_range))
        if (other.network == range.network)
            co_return refusal(Refusal::Kind::conflict, "The range " + range.network.text() +
                                                           " exists already; its owner is " +
                                                           other.owner + ".");
    if (range.created == WallTime{}) range.created = clock_.now();
    store::Change change;
    version.check(change);
    Version::advance(change, subject);
    change.put_new(store::Space::range, id_key(range.id.bytes()), record_of(range));
    changes_site(change);
    co_return change;
}

net::Task<Result<store::Change>> Directory::remove_range(RangeId id) {
    const auto ranges = co_await read_all(store_, store::Space::range, read_range);
    const auto wanted = std::ranges::find(ranges, id, &Range::id);
    if (wanted == ranges.end()) co_return missing("range " + id.text());
    store::Change change;
    for (const Range& range : ranges)
        if (range.network == wanted->network) erase_present(change, store::Space::range, range.id);
    changes_site(change);
    co_return change;
}

net::Task<Result<store::Change>> Directory::set_route(Route route) {
    if (route.domain != "*") {
        const bool below = route.domain.starts_with('.');
        const std::string name =
            CO_TRY(address::normal_domain(std::string_view(route.domain).substr(below ? 1 : 0)));
        route.domain = (below ? "." : "") + name;
    }
    const bool needs_host = route.kind == Route::Kind::next_hop || route.kind == Route::Kind::lmtp;
    if (needs_host && (route.host.empty() || route.port == 0))
        co_return refusal(Refusal::Kind::syntax,
                          "A route to a host needs its name or address, and a port.");
    CO_TRY(check_login(route));
    if (needs_host && !net::Address::parse(route.host))
        route.host = CO_TRY(address::normal_domain(route.host));
    if (route.created == WallTime{}) route.created = clock_.now();
    const std::string subject = "route/" + route.domain;
    const Version version = co_await Version::read(store_, subject);
    store::Change change;
    version.check(change);
    Version::advance(change, subject);
    for (const Route& former : co_await read_all(store_, store::Space::route, read_route))
        if (former.domain == route.domain) erase_present(change, store::Space::route, former.id);
    change.put_new(store::Space::route, id_key(route.id.bytes()), record_of(route));
    changes_site(change);
    co_return change;
}

net::Task<Result<store::Change>> Directory::remove_route(RouteId id) {
    const auto routes = co_await read_all(store_, store::Space::route, read_route);
    const auto wanted = std::ranges::find(routes, id, &Route::id);
    if (wanted == routes.end()) co_return missing("route " + id.text());
    store::Change change;
    for (const Route& route : routes)
        if (route.domain == wanted->domain) erase_present(change, store::Space::route, route.id);
    changes_site(change);
    co_return change;
}

}  // namespace pidge::directory
