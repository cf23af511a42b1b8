// The directory: each record can be read, stands under the key that follows from it, and names
// nothing that is not there.
#include <fmt/format.h>

#include "formats/address/mailbox.h"
#include "formats/unicode/fold.h"
#include "mail/directory/records.h"
#include "services/inspection/inspection.h"

namespace pidge::inspection {

namespace {

using directory::PrincipalId;
using store::Item;
using store::Space;

constexpr const char* unreadable = "The record cannot be read.";

// Whether a record can be read and stands where it belongs.
template <typename Read>
net::Task<void> each(Inspection& in, Space space, Read read) {
    in.report.counts[space] = 0;
    auto pages = in.pages(space);
    for (auto page = co_await pages.next(); !page.empty(); page = co_await pages.next()) {
        if (!in.count(space, page)) co_return;
        for (const Item& item : page) {
            const std::string about =
                fmt::format("{} {}", store::space_name(space), shown(item.key));
            if (const char* wrong = read(item)) in.note(about, wrong);
        }
    }
}

// Logins are looked for before addresses, so such a one keeps the owner of the address out.
net::Task<bool> is_address_of_another(Inspection& in, std::string login, PrincipalId id) {
    const auto mailbox = address::parse_mailbox(login);
    if (!mailbox) co_return false;
    const auto record = co_await in.store.get(Space::address, address::key(*mailbox), in.at.get());
    const auto entry = record ? directory::read_address_entry(*record) : std::nullopt;
    co_return entry && entry->principal != id;
}

net::Task<void> inspect_principals(Inspection& in) {
    in.report.counts[Space::principal] = 0;
    auto pages = in.pages(Space::principal);
    for (auto page = co_await pages.next(); !page.empty(); page = co_await pages.next()) {
        if (!in.count(Space::principal, page)) co_return;
        for (const Item& item : page) {
            const std::string about = "principal " + shown(item.key);
            if (item.key.starts_with('l')) {
                const auto id = PrincipalId::from_bytes(item.value);
                const bool is_there =
                    id && co_await in.has(Space::principal, directory::principal_key(*id));
                if (!is_there) in.note(about, "The login names a principal that is not there.");
                const bool shadows =
                    id && co_await is_address_of_another(in, item.key.substr(1), *id);
                if (shadows)
                    in.note(about,
                            "The login is an address of another account, which cannot log in by "
                            "it: give one of them another.");
                continue;
            }
            const auto principal = directory::read_principal(item.value);
            if (!principal) {
                in.note(about, unreadable);
                continue;
            }
            if (directory::principal_key(principal->id) != item.key)
                in.note(about, "The record stands under another principal's key.");
            const bool has_login = co_await in.has(
                Space::principal, directory::login_key(unicode::folded(principal->login)));
            if (!has_login) in.note(about, "Its login is not in the index of logins.");
        }
    }
}

net::Task<void> inspect_addresses(Inspection& in) {
    in.report.counts[Space::address] = 0;
    auto pages = in.pages(Space::address);
    for (auto page = co_await pages.next(); !page.empty(); page = co_await pages.next()) {
        if (!in.count(Space::address, page)) co_return;
        for (const Item& item : page) {
            const std::string about = "address " + shown(item.key);
            const auto entry = directory::read_address_entry(item.value);
            if (!entry) {
                in.note(about, unreadable);
                continue;
            }
            const bool is_owned =
                co_await in.has(Space::principal, directory::principal_key(entry->principal));
            if (!is_owned) in.note(about, "It belongs to a principal that is not there.");
            const bool has_domain =
                co_await in.has(Space::domain, item.key.substr(item.key.rfind('@') + 1));
            if (!has_domain) in.note(about, "Its domain is not one of this site.");
        }
    }
}

net::Task<void> inspect_credentials(Inspection& in) {
    in.report.counts[Space::credential] = 0;
    auto pages = in.pages(Space::credential);
    for (auto page = co_await pages.next(); !page.empty(); page = co_await pages.next()) {
        if (!in.count(Space::credential, page)) co_return;
        for (const Item& item : page) {
            const std::string about = "credential " + shown(item.key);
            const auto credential = directory::read_credential(item.value);
            if (!credential) {
                in.note(about, unreadable);
                continue;
            }
            if (directory::credential_key(credential->principal, credential->id) != item.key)
                in.note(about, "The record stands under another credential's key.");
            const bool is_owned =
                co_await in.has(Space::principal, directory::principal_key(credential->principal));
            if (!is_owned) in.note(about, "It belongs to a principal that is not there.");
        }
    }
}

}  // namespace

net::Task<void> inspect_people(Inspection& in) {
    co_await each(in, Space::domain, [](const Item& item) {
        const auto domain = directory::read_domain(item.value);
        if (!domain) return unreadable;
        return domain->name == item.key ? nullptr : "The record stands under another name.";
    });
    co_await inspect_principals(in);
    co_await inspect_addresses(in);
    co_await inspect_credentials(in);
    co_await each(in, Space::range, [](const Item& item) {
        return directory::read_range(item.value) ? nullptr : unreadable;
    });
    co_await each(in, Space::route, [](const Item& item) {
        return directory::read_route(item.value) ? nullptr : unreadable;
    });
}

}  // namespace pidge::inspection
