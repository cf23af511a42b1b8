#include "system/dns/mail_exchangers.h"

#include <fmt/format.h>

#include <random>
#include <set>
#include <tuple>

#include "base/text.h"
#include "system/dns/limits.h"

namespace pidge::dns {

namespace {

Route none(std::string text, EnhancedStatus status, std::uint16_t reply_code) {
    return {.kind = Route::Kind::none,
            .refusal = {.kind = Refusal::Kind::not_found,
                        .text = std::move(text),
                        .status = status,
                        .reply_code = reply_code}};
}

Route temporary(std::string text) {
    return {.kind = Route::Kind::temporary,
            .refusal = {.kind = Refusal::Kind::temporary,
                        .text = std::move(text),
                        .status = {4, 4, 3},  // RFC 3463 §3.5: directory server failure
                        .reply_code = 451}};
}

std::string shown(std::string_view domain) {
    return text::printable(domain, name_octets_max);
}

Route no_such_domain(std::string_view domain) {
    return none(fmt::format("The domain {} does not exist.", shown(domain)), {5, 1, 2}, 550);
}

Route loops(std::string_view domain) {
    return none(
        fmt::format("Mail for {} would come back to this server: the DNS names it as the best "
                    "mail exchanger, but the domain is not set up here.",
                    shown(domain)),
        {5, 4, 6}, 554);
}

bool is_self(const Self& self, std::string_view host) {
    return std::ranges::any_of(self.names,
                               [&](const auto& name) { return text::iequals(name, host); });
}

bool is_self(const Self& self, const std::vector<net::Address>& addresses) {
    return std::ranges::any_of(addresses, [&](const auto& one) {
        if (self.is_this_machine && (one.is_loopback() || one.is_unspecified())) return true;
        return std::ranges::find(self.addresses, one) != self.addresses.end();
    });
}

// RFC 5321 §5.1: of the exchangers from `best` on nobody is asked. `best` is the preference at
// which we stand.
void keep_better(Route& route, std::uint16_t best) {
    std::erase_if(route.exchangers, [&](const Exchanger& one) { return one.preference >= best; });
}

}  // namespace

std::optional<Route> route_of_literal(std::string_view domain, const Self& self) {
    if (!domain.starts_with('[') || !domain.ends_with(']')) return std::nullopt;
    std::string_view inner = domain.substr(1, domain.size() - 2);
    const bool v6 = text::istarts_with(inner, "IPv6:");
    if (v6) inner.remove_prefix(5);
    const auto address = net::Address::parse(inner);
    if (!address || (inner.find(':') != std::string_view::npos) != v6)
        return none(fmt::format("{} is not an address.", shown(domain)), {5, 1, 2}, 550);
    if (is_self(self, std::vector{*address})) return loops(domain);
    return Route{.kind = Route::Kind::hosts,
                 .exchangers = {{.addresses = {.outcome = Outcome::found, .records = {*address}}}}};
}

Route route(std::string_view domain, const Answer<MxRecord>& mx, const Self& self,
            std::uint64_t seed) {
    if (mx.outcome == Outcome::temporary)
        return temporary(fmt::format("The mail exchangers of {} cannot be found now: {}.",
                                     shown(domain), mx.text));
    if (mx.outcome == Outcome::no_name) return no_such_domain(domain);

    Route route{.kind = Route::Kind::hosts, .secure = mx.secure};
    if (mx.outcome == Outcome::no_data) {
        // RFC 5321 §5.1: without MX records the domain itself is its only exchanger, with
        // preference 0.
        route.implicit = true;
        if (is_self(self, domain)) return loops(domain);
        const std::string& name = mx.canonical_name;
        route.exchangers.push_back({.host = name.empty() ? text::to_lower(domain) : name});
        return route;
    }

    // RFC 5321 §5.1: equals in random order. Each record gets a draw that decides among them.
    struct Drawn {
        std::uint16_t preference;
        std::uint64_t draw;
        std::string host;
    };
    std::vector<Drawn> drawn;
    std::mt19937_64 generator(seed);
    for (const MxRecord& record : mx.records)
        if (!record.exchange.empty())
            drawn.push_back({record.preference, generator(), text::to_lower(record.exchange)});
    // RFC 7505 §3: "." stands alone. Where it stands beside others it is a mistake, and is left
    // out.
    if (drawn.empty())
        return none(fmt::format("The domain {} accepts no mail (null MX).", shown(domain)),
                    {5, 1, 10}, 556);

    std::ranges::sort(drawn, {},
                      [](const Drawn& one) { return std::tie(one.preference, one.draw); });
    // A host that is named twice counts once, with its better preference.
    std::set<std::string_view> seen;
    for (const Drawn& one : drawn)
        if (seen.insert(one.host).second)
            route.exchangers.push_back({.host = one.host, .preference = one.preference});

    const auto own = std::ranges::find_if(route.exchangers,
                                          [&](const auto& one) { return is_self(self, one.host); });
    if (own != route.exchangers.end()) keep_better(route, own->preference);
    if (route.exchangers.empty()) return loops(domain);
    if (route.exchangers.size() > exchangers_max) route.exchangers.resize(exchangers_max);
    return route;
}

Route settle(std::string_view domain, Route route, const Self& self) {
    if (route.kind != Route::Kind::hosts) return route;

    const auto own = std::ranges::find_if(
        route.exchangers, [&](const auto& one) { return is_self(self, one.addresses.records); });
    if (own != route.exchangers.end()) keep_better(route, own->preference);
    if (route.exchangers.empty()) return loops(domain);

    std::string trouble;
    for (const Exchanger& one : route.exchangers)
        if (one.addresses.is_temporary() && trouble.empty())
            trouble = fmt::format(
                "The addresses of {}, which takes mail for {}, cannot be found now: {}.",
                shown(one.host), shown(domain), one.addresses.text);
    const bool no_name = route.exchangers.front().addresses.outcome == Outcome::no_name;
    std::erase_if(route.exchangers, [](const Exchanger& one) { return !one.addresses.is_found(); });
    if (!route.exchangers.empty()) return route;
    // RFC 5321 §5.1: exchangers that cannot be reached are an error; the domain's own address is
    // then no way out. As long as one of them may still turn out to have an address nothing
    // bounces.
    if (!trouble.empty()) return temporary(trouble);
    if (route.implicit && no_name) return no_such_domain(domain);
    if (route.implicit)
        return none(
            fmt::format("The domain {} has neither mail exchangers nor an address.", shown(domain)),
            {5, 1, 2}, 550);
    return none(fmt::format("None of the mail exchangers of {} has an address.", shown(domain)),
                {5, 4, 4}, 550);
}

}  // namespace pidge::dns
