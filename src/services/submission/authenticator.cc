#include "services/submission/authenticator.h"

#include <algorithm>
#include <charconv>
#include <stdexcept>

#include "base/metrics.h"
#include "base/random.h"
#include "base/text.h"
#include "mail/directory/limits.h"
#include "mail/policy/refusals.h"
#include "system/crypto/password.h"
#include "system/net/timer.h"

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
// Of one principal, all with the same salt; each costs two HMACs.
constexpr std::size_t scram_keys_max = directory::credentials_max;

// attacks.md §4: how long a device is known that does not come again.
constexpr std::int64_t device_days = 30;
// Looked at when the program starts: one for each account and network of a month.
constexpr std::size_t devices_max = 200'000;
constexpr std::string_view device_prefix = "device/";
// What an argon2 hash is asked to work on; RFC 8265 profiles rarely pass 100.
constexpr std::size_t password_octets_max = 1024;

Bytes random_key() {
    Bytes key(32, '\0');
    fill_random(std::as_writable_bytes(std::span(key)));
    return key;
}

// The key under which a device is remembered: nobody's address stands in it.
Bytes device_key(const directory::PrincipalId& principal, const net::Address& client,
                 const Bytes& secret) {
    const crypto::Digest network =
        crypto::hmac_sha256(secret, "device:" + LoginGuard::network_of(client).text());
    return Bytes(device_prefix).append(principal.bytes()).append(crypto::bytes_of(network));
}

std::int64_t day_of(WallTime time) {
    return std::chrono::floor<std::chrono::days>(time).time_since_epoch().count();
}

std::optional<std::int64_t> read_day(const std::optional<Bytes>& value) {
    std::int64_t day = 0;
    if (!value ||
        std::from_chars(value->data(), value->data() + value->size(), day).ec != std::errc())
        return std::nullopt;
    return day;
}

bool is_for(const directory::Credential& credential, const std::string& scope, WallTime now) {
    if (credential.expires && *credential.expires <= now) return false;
    return credential.scopes.empty() ||
           std::ranges::find(credential.scopes, scope) != credential.scopes.end();
}

}  // namespace

Authenticator::Authenticator(directory::Directory& directory, net::Pool& pool, const Clock& clock,
                             HoldBack hold_back)
    : directory_(directory),
      pool_(pool),
      clock_(clock),
      hold_back_(hold_back ? std::move(hold_back) : HoldBack([](std::chrono::milliseconds time) {
          return net::sleep_for(time);
      })),
      guard_(clock),
      fingerprint_key_(random_key()),
      made_up_key_(random_key()) {
    const auto hash = crypto::hash_password(random_key());
    if (!hash) throw std::runtime_error(hash.error().text);  // there is no memory for one
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
    store_ = &store;
    const std::int64_t today = day_of(clock_.now());
    store::Change old;
    bool has_old = false;
    for (const store::Item& item : co_await store.scan(
             store::Space::meta,
             {.from = Bytes(device_prefix), .to = "device0", .limit = devices_max})) {
        const auto day = read_day(item.value);
        if (day && *day + device_days >= today) continue;
        old.erase(store::Space::meta, item.key);
        has_old = true;
    }
    if (has_old) store.commit_soon(std::move(old));
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

net::Task<bool> Authenticator::is_known_device(directory::PrincipalId principal,
                                               net::Address client) {
    const Bytes key = device_key(principal, client, made_up_key_);
    const std::int64_t today = day_of(clock_.now());
    {
        const std::lock_guard lock(mutex_);
        const auto known = devices_.find(key);
        if (known != devices_.end()) co_return known->second + device_days >= today;
    }
    if (store_ == nullptr) co_return false;
    const auto day = read_day(co_await store_->get(store::Space::meta, key));
    co_return day && *day + device_days >= today;
}

void Authenticator::remember_device(directory::PrincipalId principal, const net::Address& client) {
    if (store_ == nullptr) return;
    const Bytes key = device_key(principal, client, made_up_key_);
    const std::int64_t today = day_of(clock_.now());
    {
        const std::lock_guard lock(mutex_);
        if (devices_.size() >= devices_max) devices_.clear();
        const auto [known, is_new] = devices_.try_emplace(key, today);
        if (!is_new && std::exchange(known->second, today) == today) return;
    }
    store::Change change;
    change.put(store::Space::meta, key, std::to_string(today));
    store_->commit_soon(std::move(change));
}

net::Task<Result<void>> Authenticator::check_guessing(LoginGuard::Attempt attempt,
                                                      const directory::Principal* principal) {
    using Verdict = LoginGuard::Verdict;
    const Verdict verdict = guard_.judge(attempt);
    if (verdict == Verdict::open) co_return Result<void>{};
    if (verdict == Verdict::network_failing) {
        logins_refused.add();
        co_return policy::refuse(policy::Code::too_many_failures);
    }
    if (principal != nullptr) {
        const bool is_known = co_await is_known_device(principal->id, attempt.client);
        if (is_known) co_return Result<void>{};
    }
    if (verdict == Verdict::password_sprayed) {
        // As if it were wrong, which it is for all but at most one of those it is tried on.
        const auto refused = co_await wrong(std::move(attempt));
        co_return refused.error();
    }
    logins_refused.add();
    co_return policy::refuse(policy::Code::account_guessed);
}

net::Task<Result<Login>> Authenticator::wrong(LoginGuard::Attempt attempt) {
    logins_wrong.add();
    const std::chrono::milliseconds delay = guard_.failed(attempt);
    if (delay > std::chrono::milliseconds(0)) co_await hold_back_(delay);
    co_return policy::refuse(policy::Code::credentials_wrong);
}

Result<Login> Authenticator::right(Login login, const net::Address& client) {
    if (login.principal.state == directory::Principal::State::blocked) {
        logins_refused.add();
        return policy::refuse(policy::Code::account_blocked);
    }
    logins_good.add();
    remember_device(login.principal.id, client);
    return login;
}

net::Task<Result<Login>> Authenticator::password(std::string login, std::string password,
                                                 net::Address client, std::string scope) {
    LoginGuard::Attempt attempt{.account = text::to_lower(login), .client = client};
    if (password.empty() || password.size() > password_octets_max)
        co_return co_await wrong(std::move(attempt));
    attempt.password = crypto::hmac_sha256(fingerprint_key_, password);
    const crypto::Digest fingerprint =
        crypto::hmac_sha256(fingerprint_key_, scope + '\0' + login + '\0' + password);
    auto principal = co_await directory_.find_login(std::move(login));
    if (principal) attempt.account = principal->id.text();
    CO_TRY(co_await check_guessing(attempt, principal ? &*principal : nullptr));
    co_return co_await compare(std::move(attempt), std::move(principal), fingerprint,
                               std::move(password), std::move(scope));
}

net::Task<Result<Login>> Authenticator::compare(LoginGuard::Attempt attempt,
                                                std::optional<directory::Principal> principal,
                                                crypto::Digest fingerprint, std::string password,
                                                std::string scope) {
    auto known = co_await remembered(fingerprint);
    if (!known) {
        if (!principal) {
            co_await hash_in_vain(std::move(password));
            co_return co_await wrong(std::move(attempt));
        }
        const auto credential =
            co_await matching(principal->id, std::move(password), std::move(scope));
        if (!credential) co_return co_await wrong(std::move(attempt));
        known = Login{*std::move(principal), credential->id};
        if (known->principal.state != directory::Principal::State::blocked)
            remember(fingerprint, *known);
    }
    co_return right(*std::move(known), attempt.client);
}

net::Task<Result<ScramLogin>> Authenticator::scram(std::string login, net::Address client) {
    ScramLogin found{.account = text::to_lower(login)};
    found.principal = co_await directory_.find_login(login);
    if (found.principal) found.account = found.principal->id.text();
    const LoginGuard::Attempt attempt{.account = found.account, .client = client};
    CO_TRY(co_await check_guessing(attempt, found.principal ? &*found.principal : nullptr));
    if (found.principal) {
        // The client is told one salt, so what it can prove are the credentials that share it.
        for (const directory::Credential& credential :
             co_await directory_.credentials(found.principal->id)) {
            if (credential.scram_iterations == 0 || !is_for(credential, "submission", clock_.now()))
                continue;
            if (found.keys.empty()) {
                found.salt = credential.scram_salt;
                found.iterations = credential.scram_iterations;
            }
            if (credential.scram_salt == found.salt &&
                credential.scram_iterations == found.iterations &&
                found.keys.size() < scram_keys_max)
                found.keys.push_back(
                    {credential.scram_stored_key, credential.scram_server_key, credential.id});
        }
        if (!found.keys.empty()) co_return found;
    }
    const auto made_up = [&](std::string_view what) {
        const crypto::Digest digest = crypto::hmac_sha256(made_up_key_, std::string(what) + login);
        return std::string(crypto::bytes_of(digest));
    };
    found.principal.reset();
    found.salt = made_up("salt:").substr(0, 16);
    found.iterations = scram_iterations;
    found.keys = {{made_up("stored:"), made_up("server:"), {}}};
    co_return found;
}

net::Task<Result<Login>> Authenticator::scram_finished(ScramLogin login, bool proof_holds,
                                                       directory::CredentialId credential,
                                                       net::Address client) {
    LoginGuard::Attempt attempt{.account = login.account, .client = client};
    if (!proof_holds || !login.principal) co_return co_await wrong(std::move(attempt));
    // The account may have been blocked since the exchange began.
    auto principal = co_await directory_.find_principal(login.principal->id);
    if (!principal) co_return co_await wrong(std::move(attempt));
    co_return right({*std::move(principal), credential}, client);
}

}  // namespace pidge::submission
