// The stored form of the directory's objects (formats/record) and their keys.
//
//   domain      name                            → Domain
//   principal   "p" ‖ id                        → Principal
//   principal   "l" ‖ folded login              → principal id
//   address     address::key()                  → AddressEntry
//   credential  principal id ‖ credential id    → Credential
//   range, route  id                            → Range, Route
#pragma once

#include <optional>
#include <string_view>

#include "base/bytes.h"
#include "mail/directory/credential.h"
#include "mail/directory/domain.h"
#include "mail/directory/principal.h"
#include "mail/directory/range.h"
#include "mail/directory/route.h"

namespace pidge::directory {

Bytes record_of(const Domain& domain);
Bytes record_of(const Principal& principal);
Bytes record_of(const AddressEntry& entry);
Bytes record_of(const Credential& credential);
Bytes record_of(const Range& range);
Bytes record_of(const Route& route);

// nullopt: the record is damaged.
std::optional<Domain> read_domain(std::string_view record);
std::optional<Principal> read_principal(std::string_view record);
std::optional<AddressEntry> read_address_entry(std::string_view record);
std::optional<Credential> read_credential(std::string_view record);
std::optional<Range> read_range(std::string_view record);
std::optional<Route> read_route(std::string_view record);

Bytes principal_key(const PrincipalId& id);
Bytes login_key(std::string_view folded_login);
Bytes credential_key(const PrincipalId& principal, const CredentialId& id);
Bytes credentials_end(const PrincipalId& principal);  // after all of its credential keys
Bytes id_key(std::string_view id_octets);

}  // namespace pidge::directory
