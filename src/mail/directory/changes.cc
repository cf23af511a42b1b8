// The changes of the directory. Each reads what it depends on, plans, and states in its checks what
// it has read.

#include <algorithm>
#include <set>

#include "base/text.h"
#include "formats/unicode/fold.h"
#include "mail/directory/directory.h"
#include "mail/directory/limits.h"

namespace pidge::directory {

namespace {

Refusal refusal(Refusal::Kind kind, std::string text) {
    return {.kind = kind, .text = std::move(text)};
}
Refusal missing(const std::string& what) {
    return refusal(Refusal::Kind::not_found, "There is no " + what + ".");
}

void changes_site(store::Change& change) {
    change.hint(Bytes(site_subject));
}

void changes_addresses(store::Change& change) {
    change.hint(Bytes(address_subject));
}

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

struct OwnAddress {
    std::string key;
    AddressEntry entry;
};

// Checks the addresses of a principal and turns them into what space address holds.
Result<std::vector<OwnAddress>> own_addresses(const Principal& principal, const Site& site) {
    if (principal.published.empty())
        return refusal(Refusal::Kind::syntax, "An account needs at least one published address.");
    if (principal.published.size() + principal.aliases.size() > addresses_max)
        return refusal(Refusal::Kind::limit, "An account has at most 500 addresses.");
    std::vector<OwnAddress> addresses;
    std::set<std::string> keys, published_domains;
    const auto add = [&](const std::string& text, bool is_alias) -> Result<void> {
        const address::Mailbox mailbox = TRY(address::parse_mailbox(text));
        if (!site.find_domain(mailbox.domain))
            return refusal(Refusal::Kind::not_found,
                           "The domain of " + text + " is not one of this site; add it first.");
        if (text::iequals(mailbox.local_part, "postmaster") ||
            text::iequals(mailbox.local_part, "abuse"))
            return refusal(Refusal::Kind::conflict,
                           text +
                               " is a role address: it exists in every domain, and its members are "
                               "set with the domain.");
        if (!is_alias && !published_domains.insert(mailbox.domain).second)
            return refusal(Refusal::Kind::conflict, "There is already a published address in " +
                                                        mailbox.domain + "; make " + text +
                                                        " an alias.");
        std::string key = address::key(mailbox);
        if (!keys.insert(key).second)
            return refusal(Refusal::Kind::conflict,
                           text + " is listed twice (case makes no difference).");
        // An alias stands for the published address of its own domain, else for the first one.
        std::string published = text;
        if (is_alias) {
            published = principal.published.front();
            for (const std::string& candidate : principal.published)
                if (candidate.ends_with("@" + mailbox.domain)) published = candidate;
        }
        addresses.push_back({std::move(key), {principal.id, std::move(published), is_alias}});
        return {};
    };
    for (const std::string& text : principal.published) TRY(add(text, false));
    for (const std::string& text : principal.aliases) TRY(add(text, true));
    return addresses;
}

Result<void> check_texts(const Principal& principal) {
    if (principal.login.empty() || principal.login.size() > login_octets_max ||
        unicode::has_steering(principal.login))
        return refusal(Refusal::Kind::syntax, "A login has 1 to 320 octets of printable text.");
    if (principal.name.size() > text_octets_max || unicode::has_steering(principal.name))
        return refusal(Refusal::Kind::syntax, "A name has at most 1000 octets of printable text.");
    return {};
}

// Who has the address or login already, for the refusal.
net::Task<Result<void>> check_free(Directory& directory, store::Store& store,
                                   const Principal& principal,
                                   const std::vector<OwnAddress>& addresses) {
    for (const OwnAddress& own : addresses) {
        const auto record = co_await store.get(store::Space::address, own.key);
        if (!record) continue;
        const auto entry = read_address_entry(*record);
        if (entry && entry->principal == principal.id) continue;
        const auto holder =
            entry ? co_await directory.find_principal(entry->principal) : std::nullopt;
        co_return refusal(Refusal::Kind::conflict,
                          own.entry.published + (own.entry.is_alias ? " (or an alias of it)" : "") +
                              " belongs to " + (holder ? holder->login : "somebody else") +
                              " already.");
    }
    const auto id =
        co_await store.get(store::Space::principal, login_key(unicode::folded(principal.login)));
    if (id && *id != principal.id.bytes())
        co_return refusal(Refusal::Kind::conflict, "The login " + principal.login + " is taken.");
    co_return Result<void>{};
}

}  // namespace

net::Task<Result<store::Change>> Directory::add_domain(Domain domain) {
    domain.name = CO_TRY(address::normal_domain(domain.name));
    if (site()->find_domain(domain.name))
        co_return refusal(Refusal::Kind::conflict,
                          "The domain " + domain.name + " exists already.");
    if (domain.created == WallTime{}) domain.created = clock_.now();
    store::Change change;
    change.put_new(store::Space::domain, domain.name, record_of(domain));
    changes_site(change);
    co_return change;
}

net::Task<Result<store::Change>> Directory::update_domain(Domain domain) {
    const auto stored = co_await store_.get(store::Space::domain, domain.name);
    if (!stored) co_return missing("domain " + domain.name);
    for (const auto* members : {&domain.postmaster, &domain.abuse})
        for (const std::string& member : *members) CO_TRY(address::parse_mailbox(member));
    store::Change change;
    change.check_equals(store::Space::domain, domain.name, *stored);
    change.put(store::Space::domain, domain.name, record_of(domain));
    changes_site(change);
    co_return change;
}

net::Task<Result<store::Change>> Directory::remove_domain(std::string name) {
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
    change.erase(store::Space::domain, name);
    changes_site(change);
    co_return change;
}

net::Task<Result<store::Change>> Directory::add_principal(Principal principal) {
    CO_TRY(check_texts(principal));
    const auto addresses = CO_TRY(own_addresses(principal, *site()));
    CO_TRY(co_await check_free(*this, store_, principal, addresses));
    if (principal.created == WallTime{}) principal.created = clock_.now();
    store::Change change;
    change.put_new(store::Space::principal, principal_key(principal.id), record_of(principal));
    change.put_new(store::Space::principal, login_key(unicode::folded(principal.login)),
                   Bytes(principal.id.bytes()));
    for (const OwnAddress& own : addresses)
        change.put_new(store::Space::address, own.key, record_of(own.entry));
    for (const OwnAddress& own : addresses)
        change.check_present(store::Space::domain, own.key.substr(own.key.rfind('@') + 1));
    changes_addresses(change);
    co_return change;
}

net::Task<Result<store::Change>> Directory::update_principal(Principal principal) {
    const auto stored = co_await store_.get(store::Space::principal, principal_key(principal.id));
    const auto before = stored ? read_principal(*stored) : std::nullopt;
    if (!before) co_return missing("account " + principal.id.text());
    CO_TRY(check_texts(principal));
    const auto addresses = CO_TRY(own_addresses(principal, *site()));
    CO_TRY(co_await check_free(*this, store_, principal, addresses));
    store::Change change;
    change.check_equals(store::Space::principal, principal_key(principal.id), *stored);
    change.put(store::Space::principal, principal_key(principal.id), record_of(principal));
    const std::string former_login = login_key(unicode::folded(before->login));
    const std::string login = login_key(unicode::folded(principal.login));
    if (login != former_login) {
        change.erase(store::Space::principal, former_login);
        change.put_new(store::Space::principal, login, Bytes(principal.id.bytes()));
    }
    std::set<std::string> former;
    for (const auto* list : {&before->published, &before->aliases})
        for (const std::string& text : *list)
            if (const auto mailbox = address::parse_mailbox(text))
                former.insert(address::key(*mailbox));
    for (const OwnAddress& own : addresses) {
        if (former.erase(own.key) > 0)
            change.put(store::Space::address, own.key, record_of(own.entry));
        else
            change.put_new(store::Space::address, own.key, record_of(own.entry));
    }
    for (const std::string& gone : former) change.erase(store::Space::address, gone);
    changes_addresses(change);
    co_return change;
}

net::Task<Result<store::Change>> Directory::remove_principal(PrincipalId id) {
    const auto stored = co_await store_.get(store::Space::principal, principal_key(id));
    const auto principal = stored ? read_principal(*stored) : std::nullopt;
    if (!principal) co_return missing("account " + id.text());
    store::Change change;
    change.check_equals(store::Space::principal, principal_key(id), *stored);
    change.erase(store::Space::principal, principal_key(id));
    change.erase(store::Space::principal, login_key(unicode::folded(principal->login)));
    for (const auto* list : {&principal->published, &principal->aliases})
        for (const std::string& text : *list)
            if (const auto mailbox = address::parse_mailbox(text))
                change.erase(store::Space::address, address::key(*mailbox));
    for (const Credential& credential : co_await credentials(id))
        change.erase(store::Space::credential, credential_key(id, credential.id));
    changes_addresses(change);
    co_return change;
}

net::Task<Result<store::Change>> Directory::set_credential(Credential credential) {
    if (credential.label.size() > text_octets_max || unicode::has_steering(credential.label))
        co_return refusal(Refusal::Kind::syntax,
                          "A label has at most 1000 octets of printable text.");
    const auto existing = co_await credentials(credential.principal);
    if (existing.size() >= credentials_max)
        co_return refusal(Refusal::Kind::limit,
                          "An account has at most 100 credentials; remove one first.");
    store::Change change;
    change.check_present(store::Space::principal, principal_key(credential.principal));
    if (credential.created == WallTime{}) credential.created = clock_.now();
    if (credential.kind == Credential::Kind::password)
        for (const Credential& former : existing)
            if (former.kind == Credential::Kind::password)
                change.erase(store::Space::credential, credential_key(former.principal, former.id));
    change.put_new(store::Space::credential, credential_key(credential.principal, credential.id),
                   record_of(credential));
    co_return change;
}

net::Task<Result<store::Change>> Directory::remove_credential(PrincipalId principal,
                                                              CredentialId id) {
    const Bytes key = credential_key(principal, id);
    if (!co_await store_.get(store::Space::credential, key))
        co_return missing("credential " + id.text());
    store::Change change;
    change.check_present(store::Space::credential, key);
    change.erase(store::Space::credential, key);
    co_return change;
}

net::Task<Result<store::Change>> Directory::add_range(Range range) {
    CO_TRY(address::parse_mailbox(range.owner));
    for (const Range& other : site()->ranges())
        if (other.network == range.network)
            co_return refusal(Refusal::Kind::conflict, "The range " + range.network.text() +
                                                           " exists already; its owner is " +
                                                           other.owner + ".");
    if (range.created == WallTime{}) range.created = clock_.now();
    store::Change change;
    change.put_new(store::Space::range, id_key(range.id.bytes()), record_of(range));
    changes_site(change);
    co_return change;
}

net::Task<Result<store::Change>> Directory::remove_range(RangeId id) {
    if (!co_await store_.get(store::Space::range, id_key(id.bytes())))
        co_return missing("range " + id.text());
    store::Change change;
    change.check_present(store::Space::range, id_key(id.bytes()));
    change.erase(store::Space::range, id_key(id.bytes()));
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
    store::Change change;
    for (const Route& former : site()->routes()) {
        if (former.domain != route.domain) continue;
        change.check_present(store::Space::route, id_key(former.id.bytes()));
        change.erase(store::Space::route, id_key(former.id.bytes()));
    }
    change.put_new(store::Space::route, id_key(route.id.bytes()), record_of(route));
    changes_site(change);
    co_return change;
}

net::Task<Result<store::Change>> Directory::remove_route(RouteId id) {
    if (!co_await store_.get(store::Space::route, id_key(id.bytes())))
        co_return missing("route " + id.text());
    store::Change change;
    change.check_present(store::Space::route, id_key(id.bytes()));
    change.erase(store::Space::route, id_key(id.bytes()));
    changes_site(change);
    co_return change;
}

}  // namespace pidge::directory
