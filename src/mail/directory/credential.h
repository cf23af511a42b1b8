// Credentials: how a principal proves who it is. No password is stored; only what checks one.
// A plain value.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "mail/directory/ids.h"

namespace pidge::directory {

struct Credential {
    enum class Kind : std::uint8_t {
        password = 0,      // the principal's own; at most one
        app_password = 1,  // made by us, at least 120 random bits, for one device or program
    };
    CredentialId id;
    PrincipalId principal;
    Kind kind = Kind::password;
    std::string label;   // "laptop"; for people to read
    std::string argon2;  // password: libsodium's encoded string
    std::string digest;  // app password: SHA-256 of its normal form (crypto/app_password.h)
    // SCRAM-SHA-256 (RFC 7677), octets; empty where it is not offered.
    std::string scram_salt, scram_stored_key, scram_server_key;
    std::uint32_t scram_iterations = 0;
    std::vector<std::string> scopes;  // "submission", "imap" …; empty: all
    WallTime created;
    std::optional<WallTime> expires;

    friend bool operator==(const Credential&, const Credential&) = default;
};

}  // namespace pidge::directory
