#include "mail/directory/directory.h"

#include "base/text.h"
#include "formats/unicode/fold.h"
#include "mail/directory/limits.h"
#include "mail/directory/planning.h"

namespace pidge::directory {

namespace {

template <typename T>
T readable(std::optional<T> object, const char* what) {
    if (!object)
        throw store::Fault(store::Fault::Why::damaged,
                           std::string(what) + " record cannot be read");
    return *std::move(object);
}

}  // namespace

net::Task<void> Directory::reload() {
    auto domains = co_await read_all(store_, store::Space::domain, read_domain);
    auto ranges = co_await read_all(store_, store::Space::range, read_range);
    auto routes = co_await read_all(store_, store::Space::route, read_route);
    auto site = std::make_shared<const Site>(std::move(domains), std::move(ranges),
                                             std::move(routes), host_);
    const std::lock_guard lock(mutex_);
    site_ = std::move(site);
}

std::shared_ptr<const Site> Directory::site() const {
    const std::lock_guard lock(mutex_);
    return site_;
}

net::Task<Found> Directory::find(address::Mailbox mailbox) {
    Found found;
    const auto known = site();
    const Domain* domain =
        mailbox.domain.empty() ? known->main_domain() : known->find_domain(mailbox.domain);
    if (!domain) co_return found;
    // RFC 5321 §4.5.1, RFC 2142 §4: these work in every domain, whatever the directory holds [J5].
    for (const std::string_view role : {"postmaster", "abuse"}) {
        if (!text::iequals(mailbox.local_part, role)) continue;
        if (mailbox.domain.empty() && role != "postmaster") continue;
        found.kind = Found::Kind::role;
        found.role = role;
        found.members = role == "abuse" ? domain->abuse : domain->postmaster;
        co_return found;
    }
    if (mailbox.domain.empty()) co_return found;
    auto entry = co_await find_address(address::key(mailbox));
    if (!entry) co_return found;
    found.kind = Found::Kind::principal;
    found.entry = *std::move(entry);
    co_return found;
}

net::Task<std::optional<AddressEntry>> Directory::find_address(Bytes key) {
    if (auto known = remembered(key)) co_return known;
    std::uint64_t times_forgotten = 0;
    {
        const std::lock_guard lock(mutex_);
        times_forgotten = times_forgotten_;
    }
    const auto record = co_await store_.get(store::Space::address, key);
    if (!record) co_return std::nullopt;
    AddressEntry entry = readable(read_address_entry(*record), "an address");
    const std::lock_guard lock(mutex_);
    // What was read before a change that has been announced meanwhile is not kept.
    if (times_forgotten == times_forgotten_) {
        if (remembered_.size() >= remembered_addresses_max) remembered_.clear();
        remembered_.insert_or_assign(std::move(key),
                                     Remembered{entry, clock_.steady() + remembered_for});
    }
    co_return entry;
}

std::optional<AddressEntry> Directory::remembered(const Bytes& key) const {
    const SteadyTime now = clock_.steady();
    const std::lock_guard lock(mutex_);
    const auto known = remembered_.find(key);
    if (known == remembered_.end() || known->second.until <= now) return std::nullopt;
    return known->second.entry;
}

void Directory::forget_addresses() {
    const std::lock_guard lock(mutex_);
    ++times_forgotten_;
    remembered_.clear();
}

net::Task<std::optional<Principal>> Directory::find_principal(PrincipalId id) {
    const auto record = co_await store_.get(store::Space::principal, principal_key(id));
    if (!record) co_return std::nullopt;
    co_return readable(read_principal(*record), "a principal's");
}

net::Task<std::optional<Principal>> Directory::find_login(std::string login) {
    if (login.empty() || login.size() > login_octets_max) co_return std::nullopt;
    const auto id = co_await store_.get(store::Space::principal, login_key(unicode::folded(login)));
    if (id) {
        const auto principal = PrincipalId::from_bytes(*id);
        if (principal) co_return co_await find_principal(*principal);
    }
    const auto mailbox = address::parse_mailbox(login);
    if (!mailbox) co_return std::nullopt;
    const Found found = co_await find(*mailbox);
    if (found.kind != Found::Kind::principal) co_return std::nullopt;
    co_return co_await find_principal(found.entry.principal);
}

net::Task<std::vector<Credential>> Directory::credentials(PrincipalId id) {
    store::ScanOptions options{
        .from = Bytes(id.bytes()), .to = credentials_end(id), .limit = credentials_max};
    std::vector<Credential> credentials;
    for (const store::Item& item :
         co_await store_.scan(store::Space::credential, std::move(options)))
        credentials.push_back(readable(read_credential(item.value), "a credential's"));
    co_return credentials;
}

net::Task<std::vector<Principal>> Directory::principals(std::optional<PrincipalId> after,
                                                        std::size_t limit) {
    store::ScanOptions options{.from = after ? principal_key(*after) + '\0' : Bytes("p"),
                               .to = Bytes("q"),
                               .limit = limit};
    std::vector<Principal> principals;
    for (const store::Item& item :
         co_await store_.scan(store::Space::principal, std::move(options)))
        principals.push_back(readable(read_principal(item.value), "a principal's"));
    co_return principals;
}

}  // namespace pidge::directory
