// What SASL asks the rest of the program: values in, values out (ARCHITECTURE.md).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "system/net/task.h"

namespace pidge::sasl {

// Who somebody proved to be. Opaque to the protocols; the backend filled it in and gets it back.
struct Identity {
    std::string principal;   // text of the principal's id
    std::string login;       // as the directory writes it
    std::string credential;  // text of the credential's id: password, app password …
    std::string acting_for;  // authorisation identity when it differs from the login; else empty
};

// RFC 5802 §3 with the hash of RFC 7677. For an unknown user the backend answers with made-up
// values that stay the same for that name, so that the exchange tells nothing (attacks.md R07,
// T04).
struct ScramVerifier {
    // Of one password. A user may have several (app passwords), made with the same salt, as the
    // client learns the salt before it shows which one it knows.
    struct Key {
        std::string stored_key;  // 32 octets
        std::string server_key;  // 32 octets
        std::string credential;  // becomes that of the identity when the proof is by this key
    };
    std::string salt;  // octets
    std::uint32_t iterations = 0;
    std::vector<Key> keys;  // at least one
    Identity identity;      // who it is when the proof holds
    bool is_real = false;   // false: made up; no proof is ever accepted
};

class Backend {
 public:
    virtual ~Backend() = default;

    // A password in clear (PLAIN, LOGIN), already decoded to UTF-8. Refuses with kind credentials
    // (535 5.7.8) or temporary (454 4.7.0). `authorization` may be empty.
    virtual net::Task<Result<Identity>> verify_password(std::string authorization,
                                                        std::string login, std::string password,
                                                        std::string mechanism) = 0;
    virtual net::Task<Result<ScramVerifier>> find_scram_verifier(std::string authorization,
                                                                 std::string login) = 0;
    // Called once per finished exchange whose proof the protocol checked itself (SCRAM).
    virtual net::Task<Result<Identity>> scram_finished(ScramVerifier verifier, bool proof_holds,
                                                       std::string mechanism) = 0;
};

}  // namespace pidge::sasl
