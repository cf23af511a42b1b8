// Authenticator: proves who somebody is against the directory [O2]. A wrong user name costs as much
// as a wrong password and is answered the same. Right passwords are remembered for five minutes as
// a keyed fingerprint, so that a client that connects for each message does not cost a password
// hash each time. Thread-safe.
#pragma once

#include <map>
#include <mutex>
#include <optional>
#include <string>

#include "base/result.h"
#include "mail/directory/directory.h"
#include "services/submission/guard.h"
#include "system/crypto/digest.h"
#include "system/net/pool.h"

namespace pidge::submission {

struct Login {
    directory::Principal principal;
    directory::CredentialId credential;
};

struct ScramLogin {
    std::string salt, stored_key, server_key;  // octets
    std::uint32_t iterations = 0;
    std::optional<Login> login;  // absent: made up for a name that cannot log in this way
};

class Authenticator {
 public:
    Authenticator(directory::Directory& directory, net::Pool& pool, const Clock& clock);

    // Reads the secret from which answers for unknown names are made, or creates it. Before any
    // login.
    net::Task<void> load(store::Store& store);

    // `scope`: what the credential must be good for ("submission").
    net::Task<Result<Login>> password(std::string login, std::string password, net::Address client,
                                      std::string scope);
    net::Task<Result<ScramLogin>> scram(std::string login, net::Address client);
    // The outcome of an exchange that the protocol checked itself.
    net::Task<Result<Login>> scram_finished(ScramLogin login, bool proof_holds,
                                            net::Address client);

 private:
    struct Remembered {
        directory::PrincipalId principal;
        directory::CredentialId credential;
        SteadyTime until;
    };
    net::Task<std::optional<Login>> remembered(const crypto::Digest& fingerprint);
    void remember(const crypto::Digest& fingerprint, const Login& login);
    net::Task<std::optional<directory::Credential>> matching(directory::PrincipalId principal,
                                                             std::string password,
                                                             std::string scope);
    net::Task<void> hash_in_vain(std::string password);
    Result<Login> wrong(const net::Address& client);

    directory::Directory& directory_;
    net::Pool& pool_;
    const Clock& clock_;
    Guard failures_;
    Bytes fingerprint_key_;  // of this process
    Bytes made_up_key_;      // of the site, from the store
    std::mutex mutex_;
    std::map<crypto::Digest, Remembered> remembered_;
    std::string vain_hash_;
};

}  // namespace pidge::submission
