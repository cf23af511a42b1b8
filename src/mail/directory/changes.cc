// The changes of principals and their credentials. Each reads what it depends on, plans, and states
// in its checks what it has read.

#include <algorithm>
#include <set>

#include "base/text.h"
#include "formats/unicode/fold.h"
#include "mail/directory/directory.h"
#include "mail/directory/limits.h"
#include "mail/directory/planning.h"

namespace pidge::directory {

namespace {

void changes_addresses(store::Change& change) {
    change.hint(Bytes(address_subject));
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

// Logins are looked for before addresses, so a login that is another account's address would keep
// its owner out and act in its place. What holds them apart are checks of the change: who gives an
// address checks that it is nobody's login, who gives a login checks that it is nobody's address,
// and both check the domain, so that one of two that do so at once waits for the other.
class Apart {
 public:
    Apart(Directory& directory, store::Store& store, const Principal& principal,
          store::Change& change)
        : directory_(directory), store_(store), principal_(principal), change_(change) {}

    // `own`: all the addresses it will have.
    net::Task<Result<void>> give_login(const std::vector<OwnAddress>& own) {
        const auto mailbox = address::parse_mailbox(principal_.login);
        if (!mailbox) co_return Result<void>{};
        const std::string key = address::key(*mailbox);
        if (key != unicode::folded(principal_.login))
            co_return refusal(
                Refusal::Kind::syntax,
                "A login that is an address is written as it is looked up: " + key + ".");
        if (std::ranges::find(own, key, &OwnAddress::key) != own.end()) co_return Result<void>{};
        const Version version = co_await Version::read(store_, addresses_in(mailbox->domain));
        const auto record = co_await store_.get(store::Space::address, key);
        const auto entry = record ? read_address_entry(*record) : std::nullopt;
        // Its own until now: nobody else can take it before this change is made.
        if (entry && entry->principal == principal_.id) co_return Result<void>{};
        if (record) {
            const std::string owner = co_await name_of(entry ? entry->principal : PrincipalId{});
            co_return refusal(Refusal::Kind::conflict,
                              principal_.login + " is an address of " + owner +
                                  ", so it cannot be the login of another account.");
        }
        change_.check_absent(store::Space::address, key);
        if (co_await store_.get(store::Space::domain, mailbox->domain)) {
            change_.check_present(store::Space::domain, mailbox->domain);
        } else {
            change_.check_absent(store::Space::domain, mailbox->domain);
            version.check(change_);
            Version::advance(change_, addresses_in(mailbox->domain));
        }
        co_return Result<void>{};
    }

    net::Task<Result<void>> give_address(const OwnAddress& own) {
        const std::string domain = own.key.substr(own.key.rfind('@') + 1);
        if (domains_.insert(domain).second) {
            change_.check_present(store::Space::domain, domain);
            Version::advance(change_, addresses_in(domain));
        }
        const Bytes login = login_key(own.key);
        const auto holder = co_await store_.get(store::Space::principal, login);
        if (!holder) change_.check_absent(store::Space::principal, login);
        if (holder && *holder != principal_.id.bytes()) {
            const auto id = PrincipalId::from_bytes(*holder);
            const std::string owner = co_await name_of(id.value_or(PrincipalId{}));
            co_return refusal(Refusal::Kind::conflict,
                              own.key + " is the login of " + owner +
                                  ", so it cannot be an address of another account.");
        }
        co_return Result<void>{};
    }

 private:
    net::Task<std::string> name_of(PrincipalId id) {
        const auto holder = co_await directory_.find_principal(id);
        if (!holder || holder->published.empty()) co_return "somebody else";
        co_return holder->published.front();
    }

    Directory& directory_;
    store::Store& store_;
    const Principal& principal_;
    store::Change& change_;
    std::set<std::string> domains_;
};

std::string credentials_of(PrincipalId id) {
    return "credentials/" + id.text();
}

}  // namespace

net::Task<Result<store::Change>> Directory::add_principal(Principal principal) {
    CO_TRY(check_texts(principal));
    const auto addresses = CO_TRY(own_addresses(principal, *site()));
    CO_TRY(co_await check_free(*this, store_, principal, addresses));
    if (principal.created == WallTime{}) principal.created = clock_.now();
    store::Change change;
    change.put_new(store::Space::principal, principal_key(principal.id), record_of(principal));
    change.put_new(store::Space::principal, login_key(unicode::folded(principal.login)),
                   Bytes(principal.id.bytes()));
    Apart apart(*this, store_, principal, change);
    CO_TRY(co_await apart.give_login(addresses));
    for (const OwnAddress& own : addresses) {
        CO_TRY(co_await apart.give_address(own));
        change.put_new(store::Space::address, own.key, record_of(own.entry));
    }
    changes_addresses(change);
    co_return change;
}

net::Task<Result<store::Change>> Directory::update_principal(Principal before,
                                                             Principal principal) {
    const Bytes key = principal_key(principal.id);
    const auto stored = co_await store_.get(store::Space::principal, key);
    if (!stored) co_return missing("account " + principal.id.text());
    if (read_principal(*stored) != before) co_return overtaken(store::Space::principal, key);
    CO_TRY(check_texts(principal));
    const auto addresses = CO_TRY(own_addresses(principal, *site()));
    CO_TRY(co_await check_free(*this, store_, principal, addresses));
    store::Change change;
    change.check_equals(store::Space::principal, key, *stored);
    change.put(store::Space::principal, key, record_of(principal));
    Apart apart(*this, store_, principal, change);
    const std::string former_login = login_key(unicode::folded(before.login));
    const std::string login = login_key(unicode::folded(principal.login));
    if (login != former_login) {
        CO_TRY(co_await apart.give_login(addresses));
        change.erase(store::Space::principal, former_login);
        change.put_new(store::Space::principal, login, Bytes(principal.id.bytes()));
    }
    std::set<std::string> former;
    for (const auto* list : {&before.published, &before.aliases})
        for (const std::string& text : *list)
            if (const auto mailbox = address::parse_mailbox(text))
                former.insert(address::key(*mailbox));
    for (const OwnAddress& own : addresses) {
        if (former.erase(own.key) > 0) {
            change.put(store::Space::address, own.key, record_of(own.entry));
            continue;
        }
        CO_TRY(co_await apart.give_address(own));
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
    // Those too that somebody adds meanwhile.
    change.erase_range(store::Space::credential, Bytes(id.bytes()), credentials_end(id));
    Version::forget(change, credentials_of(id));
    changes_addresses(change);
    co_return change;
}

net::Task<Result<store::Change>> Directory::set_credential(
    Credential credential, std::optional<std::vector<Credential>> others) {
    if (credential.label.size() > text_octets_max || unicode::has_steering(credential.label))
        co_return refusal(Refusal::Kind::syntax,
                          "A label has at most 1000 octets of printable text.");
    const Version version = co_await Version::read(store_, credentials_of(credential.principal));
    const auto existing = co_await credentials(credential.principal);
    if (others && *others != existing)
        co_return overtaken(store::Space::principal, principal_key(credential.principal));
    if (existing.size() >= credentials_max)
        co_return refusal(Refusal::Kind::limit,
                          "An account has at most 100 credentials; remove one first.");
    store::Change change;
    change.check_present(store::Space::principal, principal_key(credential.principal));
    version.check(change);
    Version::advance(change, credentials_of(credential.principal));
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

}  // namespace pidge::directory
