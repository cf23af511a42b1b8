// Authenticator: proves who somebody is against the directory [O2]. A wrong user name costs as much
// as a wrong password and is answered the same. Right passwords are remembered for five minutes as
// a keyed fingerprint, so that a client that connects for each message does not cost a password
// hash each time. Guessing is slowed down and bounded (login_guard.h). Thread-safe.
#pragma once

#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "mail/directory/directory.h"
#include "services/submission/login_guard.h"
#include "system/crypto/digest.h"
#include "system/net/pool.h"

namespace pidge::submission {

struct Login {
    directory::Principal principal;
    directory::CredentialId credential;
};

struct ScramLogin {
    struct Key {
        std::string stored_key, server_key;  // octets
        directory::CredentialId credential;
    };
    std::string salt;  // octets
    std::uint32_t iterations = 0;
    std::vector<Key> keys;                          // at least one
    std::string account;                            // for LoginGuard
    std::optional<directory::Principal> principal;  // absent: the keys are made up
};

class Authenticator {
 public:
    // Throws std::exception when there is no memory for a password hash.
    // `hold_back`: how a wrong password's answer waits; by the clock of the event loop, but in
    // tests.
    using HoldBack = std::function<net::Task<void>(std::chrono::milliseconds)>;
    Authenticator(directory::Directory& directory, net::Pool& pool, const Clock& clock,
                  HoldBack hold_back = {});

    // Reads the secret from which answers for unknown names are made, or creates it, and forgets
    // devices that have not been seen for long. Before any login; the store outlives this.
    net::Task<void> load(store::Store& store);

    // `scope`: what the credential must be good for ("submission").
    net::Task<Result<Login>> password(std::string login, std::string password, net::Address client,
                                      std::string scope);
    net::Task<Result<ScramLogin>> scram(std::string login, net::Address client);
    // The outcome of an exchange that the protocol checked itself; `credential`: whose key it was.
    net::Task<Result<Login>> scram_finished(ScramLogin login, bool proof_holds,
                                            directory::CredentialId credential,
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
    // Refuses where guessing has gone too far; `principal`: null where there is none.
    net::Task<Result<void>> check_guessing(LoginGuard::Attempt attempt,
                                           const directory::Principal* principal);
    net::Task<Result<Login>> compare(LoginGuard::Attempt attempt,
                                     std::optional<directory::Principal> principal,
                                     crypto::Digest fingerprint, std::string password,
                                     std::string scope);
    net::Task<Result<Login>> wrong(LoginGuard::Attempt attempt);
    Result<Login> right(Login login, const net::Address& client);
    // A device is what has logged in to the account from that network in the last 30 days.
    net::Task<bool> is_known_device(directory::PrincipalId principal, net::Address client);
    void remember_device(directory::PrincipalId principal, const net::Address& client);

    directory::Directory& directory_;
    net::Pool& pool_;
    const Clock& clock_;
    const HoldBack hold_back_;
    store::Store* store_ = nullptr;  // from load() on
    LoginGuard guard_;
    Bytes fingerprint_key_;  // of this process
    Bytes made_up_key_;      // of the site, from the store
    std::mutex mutex_;
    std::map<crypto::Digest, Remembered> remembered_;
    std::map<Bytes, std::int64_t> devices_;  // by key in the store: the day that was written last
    std::string vain_hash_;
};

}  // namespace pidge::submission
