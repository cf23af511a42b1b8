#include "mail/directory/records.h"

#include <functional>

#include "formats/record/record.h"

namespace pidge::directory {

namespace {

constexpr std::uint8_t version = 1;

std::uint64_t stamp(WallTime time) {
    return static_cast<std::uint64_t>(time.time_since_epoch().count());
}
WallTime time_of(const record::Field& field) {
    return WallTime(std::chrono::microseconds(static_cast<std::int64_t>(field.value)));
}

// Reads every field with `take`, which answers false for a value that cannot be.
bool read_fields(std::string_view bytes, const std::function<bool(const record::Field&)>& take) {
    record::Reader reader(bytes);
    while (const auto field = reader.next())
        if (!take(*field)) return false;
    return !reader.is_broken();
}

template <typename T>
bool read_id(const record::Field& field, T& id) {
    const auto parsed = T::from_bytes(field.bytes);
    if (parsed) id = *parsed;
    return parsed.has_value();
}

void write_list(record::Writer& out, std::uint32_t field, const std::vector<std::string>& list) {
    for (const std::string& element : list) out.element(field, element);
}

}  // namespace

Bytes record_of(const Domain& domain) {
    record::Writer out(version);
    out.bytes(1, domain.name);
    out.number(2, stamp(domain.created));
    write_list(out, 3, domain.postmaster);
    write_list(out, 4, domain.abuse);
    return out.take();
}

std::optional<Domain> read_domain(std::string_view bytes) {
    Domain domain;
    const bool good = read_fields(bytes, [&](const record::Field& field) {
        switch (field.number) {
            case 1:
                domain.name = field.bytes;
                break;
            case 2:
                domain.created = time_of(field);
                break;
            case 3:
                domain.postmaster.emplace_back(field.bytes);
                break;
            case 4:
                domain.abuse.emplace_back(field.bytes);
                break;
        }
        return true;
    });
    if (!good) return std::nullopt;
    return domain;
}

Bytes record_of(const Principal& principal) {
    record::Writer out(version);
    out.bytes(1, principal.id.bytes());
    out.number(2, static_cast<std::uint64_t>(principal.kind));
    out.number(3, static_cast<std::uint64_t>(principal.state));
    out.bytes(4, principal.login);
    out.bytes(5, principal.name);
    write_list(out, 6, principal.published);
    write_list(out, 7, principal.aliases);
    out.number(8, stamp(principal.created));
    return out.take();
}

std::optional<Principal> read_principal(std::string_view bytes) {
    Principal principal;
    const bool good = read_fields(bytes, [&](const record::Field& field) {
        switch (field.number) {
            case 1:
                return read_id(field, principal.id);
            case 2:
                principal.kind = static_cast<Principal::Kind>(field.value);
                break;
            case 3:
                principal.state = static_cast<Principal::State>(field.value);
                break;
            case 4:
                principal.login = field.bytes;
                break;
            case 5:
                principal.name = field.bytes;
                break;
            case 6:
                principal.published.emplace_back(field.bytes);
                break;
            case 7:
                principal.aliases.emplace_back(field.bytes);
                break;
            case 8:
                principal.created = time_of(field);
                break;
        }
        return true;
    });
    if (!good) return std::nullopt;
    return principal;
}

Bytes record_of(const AddressEntry& entry) {
    record::Writer out(version);
    out.bytes(1, entry.principal.bytes());
    out.bytes(2, entry.published);
    out.number(3, entry.is_alias ? 1 : 0);
    return out.take();
}

std::optional<AddressEntry> read_address_entry(std::string_view bytes) {
    AddressEntry entry;
    const bool good = read_fields(bytes, [&](const record::Field& field) {
        switch (field.number) {
            case 1:
                return read_id(field, entry.principal);
            case 2:
                entry.published = field.bytes;
                break;
            case 3:
                entry.is_alias = field.value != 0;
                break;
        }
        return true;
    });
    if (!good) return std::nullopt;
    return entry;
}

Bytes record_of(const Credential& credential) {
    record::Writer out(version);
    out.bytes(1, credential.id.bytes());
    out.bytes(2, credential.principal.bytes());
    out.number(3, static_cast<std::uint64_t>(credential.kind));
    out.bytes(4, credential.label);
    out.bytes(5, credential.argon2);
    out.bytes(6, credential.digest);
    out.bytes(7, credential.scram_salt);
    out.bytes(8, credential.scram_stored_key);
    out.bytes(9, credential.scram_server_key);
    out.number(10, credential.scram_iterations);
    write_list(out, 11, credential.scopes);
    out.number(12, stamp(credential.created));
    if (credential.expires) out.present_number(13, stamp(*credential.expires));
    return out.take();
}

std::optional<Credential> read_credential(std::string_view bytes) {
    Credential credential;
    const bool good = read_fields(bytes, [&](const record::Field& field) {
        switch (field.number) {
            case 1:
                return read_id(field, credential.id);
            case 2:
                return read_id(field, credential.principal);
            case 3:
                credential.kind = static_cast<Credential::Kind>(field.value);
                break;
            case 4:
                credential.label = field.bytes;
                break;
            case 5:
                credential.argon2 = field.bytes;
                break;
            case 6:
                credential.digest = field.bytes;
                break;
            case 7:
                credential.scram_salt = field.bytes;
                break;
            case 8:
                credential.scram_stored_key = field.bytes;
                break;
            case 9:
                credential.scram_server_key = field.bytes;
                break;
            case 10:
                credential.scram_iterations = static_cast<std::uint32_t>(field.value);
                break;
            case 11:
                credential.scopes.emplace_back(field.bytes);
                break;
            case 12:
                credential.created = time_of(field);
                break;
            case 13:
                credential.expires = time_of(field);
                break;
        }
        return true;
    });
    if (!good) return std::nullopt;
    return credential;
}

Bytes record_of(const Range& range) {
    record::Writer out(version);
    out.bytes(1, range.id.bytes());
    out.bytes(2, range.network.text());
    out.bytes(3, range.owner);
    out.bytes(4, range.purpose);
    out.number(5, stamp(range.created));
    if (range.expires) out.present_number(6, stamp(*range.expires));
    if (range.needs_name) out.number(7, 1);
    return out.take();
}

std::optional<Range> read_range(std::string_view bytes) {
    Range range;
    const bool good = read_fields(bytes, [&](const record::Field& field) {
        switch (field.number) {
            case 1:
                return read_id(field, range.id);
            case 2: {
                const auto network = net::Network::parse(field.bytes);
                if (network) range.network = *network;
                return network.has_value();
            }
            case 3:
                range.owner = field.bytes;
                break;
            case 4:
                range.purpose = field.bytes;
                break;
            case 5:
                range.created = time_of(field);
                break;
            case 6:
                range.expires = time_of(field);
                break;
            case 7:
                range.needs_name = field.value != 0;
                break;
        }
        return true;
    });
    if (!good) return std::nullopt;
    return range;
}

Bytes record_of(const Route& route) {
    record::Writer out(version);
    out.bytes(1, route.id.bytes());
    out.bytes(2, route.domain);
    out.number(3, static_cast<std::uint64_t>(route.kind));
    out.bytes(4, route.host);
    out.present_number(5, route.port);  // 0 is not the same as none
    out.number(6, static_cast<std::uint64_t>(route.tls));
    out.bytes(7, route.text);
    out.number(8, stamp(route.created));
    if (route.implicit_tls) out.number(9, 1);
    if (!route.user.empty()) out.bytes(10, route.user);
    if (!route.password_file.empty()) out.bytes(11, route.password_file);
    return out.take();
}

std::optional<Route> read_route(std::string_view bytes) {
    Route route;
    const bool good = read_fields(bytes, [&](const record::Field& field) {
        switch (field.number) {
            case 1:
                return read_id(field, route.id);
            case 2:
                route.domain = field.bytes;
                break;
            case 3:
                route.kind = static_cast<Route::Kind>(field.value);
                break;
            case 4:
                route.host = field.bytes;
                break;
            case 5:
                route.port = static_cast<std::uint16_t>(field.value);
                break;
            case 6:
                route.tls = static_cast<Route::Tls>(field.value);
                break;
            case 7:
                route.text = field.bytes;
                break;
            case 8:
                route.created = time_of(field);
                break;
            case 9:
                route.implicit_tls = field.value != 0;
                break;
            case 10:
                route.user = field.bytes;
                break;
            case 11:
                route.password_file = field.bytes;
                break;
        }
        return true;
    });
    if (!good) return std::nullopt;
    return route;
}

Bytes principal_key(const PrincipalId& id) {
    return Bytes("p").append(id.bytes());
}
Bytes login_key(std::string_view folded_login) {
    return Bytes("l").append(folded_login);
}
Bytes credential_key(const PrincipalId& principal, const CredentialId& id) {
    return Bytes(principal.bytes()).append(id.bytes());
}
Bytes credentials_end(const PrincipalId& principal) {
    return Bytes(principal.bytes()).append(CredentialId::size + 1, '\xff');
}
Bytes id_key(std::string_view id_octets) {
    return Bytes(id_octets);
}

}  // namespace pidge::directory
