// Directory: who and what is known at this site. Reads from the store; the changes it plans are
// committed by its caller, together with their audit entries (mail/audit).
//
// Lives as long as the program. Thread-safe.
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "formats/address/mailbox.h"
#include "mail/directory/records.h"
#include "mail/directory/site.h"
#include "system/net/task.h"
#include "system/store/store.h"

namespace pidge::directory {

// Where a hint says that the site has changed (Change::hint).
inline constexpr std::string_view site_subject = "site";

// And where it says that addresses have come, gone or moved.
inline constexpr std::string_view address_subject = "addresses";

// What a recipient or sender address in one of our domains is.
struct Found {
    enum class Kind : std::uint8_t { nothing, principal, role };
    Kind kind = Kind::nothing;
    AddressEntry entry;  // principal
    // Role: where its mail goes; empty: to the role address itself.
    std::vector<std::string> members;
    std::string role;  // "postmaster", "abuse"
};

class Directory {
 public:
    // `host`: this host's name, which tells the main domain (Site::main_domain).
    Directory(store::Store& store, const Clock& clock, std::string host = {})
        : store_(store), clock_(clock), host_(std::move(host)) {}

    // Reads domains, ranges and routes anew. Called at start and on the hint site_subject.
    net::Task<void> reload();
    std::shared_ptr<const Site> site() const;
    // Forgets which addresses were looked up. To be called on the hint address_subject, at once.
    void forget_addresses();

    // --- lookups ---
    net::Task<Found> find(
        address::Mailbox mailbox);  // of one of our domains; the bare "postmaster" too
    net::Task<std::optional<Principal>> find_principal(PrincipalId id);
    // By login or by any of its addresses.
    net::Task<std::optional<Principal>> find_login(std::string login);
    net::Task<std::vector<Credential>> credentials(PrincipalId id);
    net::Task<std::vector<Principal>> principals(std::optional<PrincipalId> after,
                                                 std::size_t limit);

    // --- changes: checked against what is stored now; a Conflict at commit means: plan again ---
    net::Task<Result<store::Change>> add_domain(Domain domain);
    // `before`: what it was made from. When something else is stored by now, the commit meets a
    // Conflict.
    net::Task<Result<store::Change>> update_domain(Domain before, Domain domain);
    net::Task<Result<store::Change>> remove_domain(
        std::string name);  // refused while it has addresses
    net::Task<Result<store::Change>> add_principal(Principal principal);
    // Replaces names, addresses and state; the id stays. `before` as with a domain.
    net::Task<Result<store::Change>> update_principal(Principal before, Principal principal);
    net::Task<Result<store::Change>> remove_principal(PrincipalId id);
    // A password replaces the former one. `others`: those that were looked at to make it; when
    // there are others by now, the commit meets a Conflict.
    net::Task<Result<store::Change>> set_credential(
        Credential credential, std::optional<std::vector<Credential>> others = {});
    net::Task<Result<store::Change>> remove_credential(PrincipalId principal, CredentialId id);
    net::Task<Result<store::Change>> add_range(Range range);  // one per network
    // An older version may have let several of the same network in; they go together.
    net::Task<Result<store::Change>> remove_range(RangeId id);
    net::Task<Result<store::Change>> set_route(
        Route route);  // one per domain pattern; replaces the former one
    net::Task<Result<store::Change>> remove_route(RouteId id);  // as with ranges

 private:
    // Addresses that were found are remembered for a short while: the few that send and receive
    // most mail are asked for several times a message. What is not there is not remembered.
    struct Remembered {
        AddressEntry entry;
        SteadyTime until;
    };
    net::Task<std::optional<AddressEntry>> find_address(Bytes key);
    std::optional<AddressEntry> remembered(const Bytes& key) const;

    store::Store& store_;
    const Clock& clock_;
    const std::string host_;
    mutable std::mutex mutex_;
    std::shared_ptr<const Site> site_ = std::make_shared<const Site>();
    std::unordered_map<Bytes, Remembered> remembered_;
    std::uint64_t times_forgotten_ = 0;
};

}  // namespace pidge::directory
