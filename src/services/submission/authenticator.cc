#include "services/submission/authenticator.h"

#include <algorithm>

#include "base/check.h"
#include "base/metrics.h"
#include "base/random.h"
#include "mail/policy/refusals.h"
#include "system/crypto/password.h"

namespace pidge::submission {

namespace {

metrics::Counter logins_good{"pidge_logins_total", "Attempts to log in, by outcome.", "outcome",
                             "good"};
metrics::Counter logins_wrong{"pidge_logins_total", "Attempts to log in, by outcome.", "outcome",
                              "wrong"};
metrics::Counter logins_refused{"pidge_logins_total", "Attempts to log in, by outcome.", "outcome",
                                "refused"};

// attacks.md G5: a success is cached for at most five minutes.
constexpr std::chrono::minutes remember_time{5};
constexpr std::size_t remembered_max = 100'000;
// RFC 7677 §4 asks for at least 4096.
constexpr std::uint32_t scram_iterations = 4096;
// What an argon2 hash is asked to work on; RFC 8265 profiles rarely pass 100.
constexpr std::size_t password_octets_max = 1024;

Bytes random_key() {
    Bytes key(32, '\0');
    fill_random(std::as_writable_bytes(std::span(key)));
    return key;
}

bool is_for(const directory::Credential& credential, const std::string& scope, WallTime now) {
    if (credential.expires && *credential.expires <= now) return false;
    return credential.scopes.empty() ||
           std::ranges::find(credential.scopes, scope) != credential.scopes.end();
}

}  // namespace

Authenticator::Authenticator(directory::Directory& directory, net::Pool& pool, const Clock& clock)
    : directory_(directory),
      pool_(pool),
      clock_(clock),
      failures_(clock, GuardLimits{}),
      fingerprint_key_(random_key()),
      made_up_key_(random_key()) {
    const auto hash = crypto::hash_password(random_key());
    check(hash.has_value(), "a password hash could not be made");
    vain_hash_ = *hash;
}

net::Task<void> Authenticator::load(store::Store& store) {
    const Bytes key = "login-secret";
    store::Change change;
    change.put_new(store::Space::meta, key, made_up_key_);
    if (!co_await store.commit(std::move(change))) {
        const auto stored = co_await store.get(store::Space::meta, key);
        if (stored) made_up_key_ = *stored;
    }
}

net::Task<std::optional<Login>> Authenticator::remembered(const crypto::Digest& fingerprint) {
    Remembered known;
    {
        const std::lock_guard lock(mutex_);
        const auto found = remembered_.find(fingerprint);
        if (found == remembered_.end()) co_return std::nullopt;
        if (found->second.until < clock_.steady()) {
            remembered_.erase(found);
            co_return std::nullopt;
        }
        known = found->second;
    }
    // Blocking an account or changing its password takes effect at once, remembered or not.
    auto principal = co_await directory_.find_principal(known.principal);
    if (!principal) co_return std::nullopt;
    for (const directory::Credential& credential : co_await directory_.credentials(known.principal))
        if (credential.id == known.credential)
            co_return Login{*std::move(principal), known.credential};
    co_return std::nullopt;
}

void Authenticator::remember(const crypto::Digest& fingerprint, const Login& login) {
    const std::lock_guard lock(mutex_);
    if (remembered_.size() >= remembered_max) remembered_.clear();
    remembered_[fingerprint] = {login.principal.id, login.credential,
                                clock_.steady() + remember_time};
}

net::Task<void> Authenticator::hash_in_vain(std::string password) {
    co_await pool_.run([hash = vain_hash_, password] {
        return crypto::verify_password(hash, password).has_value();
    });
}

net::Task<std::optional<directory::Credential>> Authenticator::matching(
    directory::PrincipalId principal, std::string password, std::string scope) {
    const auto credentials = co_await directory_.credentials(principal);
    const crypto::Digest digest = crypto::sha256(crypto::normalised_app_password(password).bytes());
    const WallTime now = clock_.now();
    std::optional<directory::Credential> found;
    for (const directory::Credential& credential : credentials)
        if (credential.kind == directory::Credential::Kind::app_password &&
            is_for(credential, scope, now) &&
            crypto::constant_time_equals(credential.digest, crypto::bytes_of(digest)))
            found = credential;
    if (found) co_return found;
    const auto own =
        std::ranges::find_if(credentials, [&](const directory::Credential& credential) {
            return credential.kind == directory::Credential::Kind::password &&
                   is_for(credential, scope, now);
        });
    if (own == credentials.end()) {
        co_await hash_in_vain(std::move(password));
        co_return std::nullopt;
    }
    const bool holds = co_await pool_.run([hash = own->argon2, password] {
        const auto match = crypto::verify_password(hash, password);
        return match && *match != crypto::PasswordMatch::no;
    });
    if (holds) found = *own;
    co_return found;
}

Result<Login> Authenticator::wrong(const net::Address& client) {
    logins_wrong.add();
    failures_.count(client);
    return policy::refuse(policy::Code::credentials_wrong);
}

net::Task<Result<Login>> Authenticator::password(std::string login, std::string password,
                                                 net::Address client, std::string scope) {
    if (failures_.is_enough(client)) {
        logins_refused.add();
        co_return policy::refuse(policy::Code::too_many_failures);
    }
    if (password.empty() || password.size() > password_octets_max) co_return wrong(client);
    const Bytes tried = scope + '\0' + login + '\0' + password;
    const crypto::Digest fingerprint = crypto::hmac_sha256(fingerprint_key_, tried);
    auto known = co_await remembered(fingerprint);
    if (!known) {
        auto principal = co_await directory_.find_login(std::move(login));
        if (!principal) {
            co_await hash_in_vain(std::move(password));
            co_return wrong(client);
        }
        const auto credential =
            co_await matching(principal->id, std::move(password), std::move(scope));
        if (!credential) co_return wrong(client);
        known = Login{*std::move(principal), credential->id};
    }
    if (known->principal.state == directory::Principal::State::blocked) {
        logins_refused.add();
        co_return policy::refuse(policy::Code::account_blocked);
    }
    logins_good.add();
    remember(fingerprint, *known);
    co_return *std::move(known);
}

net::Task<Result<ScramLogin>> Authenticator::scram(std::string login, net::Address client) {
    if (failures_.is_enough(client)) {
        logins_refused.add();
        co_return policy::refuse(policy::Code::too_many_failures);
    }
    auto principal = co_await directory_.find_login(login);
    if (principal) {
        for (const directory::Credential& credential :
             co_await directory_.credentials(principal->id)) {
            if (credential.scram_iterations == 0 || !is_for(credential, "submission", clock_.now()))
                continue;
            co_return ScramLogin{credential.scram_salt, credential.scram_stored_key,
                                 credential.scram_server_key, credential.scram_iterations,
                                 Login{*std::move(principal), credential.id}};
        }
    }
    const auto made_up = [&](std::string_view what) {
        const crypto::Digest digest = crypto::hmac_sha256(made_up_key_, std::string(what) + login);
        return std::string(crypto::bytes_of(digest));
    };
    co_return ScramLogin{made_up("salt:").substr(0, 16), made_up("stored:"), made_up("server:"),
                         scram_iterations, std::nullopt};
}

net::Task<Result<Login>> Authenticator::scram_finished(ScramLogin login, bool proof_holds,
                                                       net::Address client) {
    if (!proof_holds || !login.login) co_return wrong(client);
    // The account may have been blocked since the exchange began.
    auto principal = co_await directory_.find_principal(login.login->principal.id);
    if (!principal) co_return wrong(client);
    if (principal->state == directory::Principal::State::blocked) {
        logins_refused.add();
        co_return policy::refuse(policy::Code::account_blocked);
    }
    logins_good.add();
    co_return Login{*std::move(principal), login.login->credential};
}

}  // namespace pidge::submission
