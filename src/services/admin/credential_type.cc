// Credential: what somebody proves with who they are. Its id is that of its account and its own,
// with "-" between. Verifiers never leave the store; the secret of an app password is told once,
// when it is made.
#include <fmt/format.h>

#include "base/random.h"
#include "protocols/sasl/prepare.h"
#include "protocols/sasl/scram_keys.h"
#include "services/admin/commit.h"
#include "services/admin/encode.h"
#include "services/admin/limits.h"
#include "services/admin/paging.h"
#include "services/admin/types.h"
#include "system/crypto/digest.h"
#include "system/crypto/password.h"

namespace pidge::admin {
namespace {

using directory::Credential;
using directory::CredentialId;
using directory::PrincipalId;

constexpr std::array<std::string_view, 8> credential_properties = {
    "id", "account", "kind", "label", "scopes", "mechanisms", "created", "expires"};
constexpr std::array<std::string_view, 2> kinds = {"password", "appPassword"};
// What a credential can be good for; the services ask by these names.
constexpr std::array<std::string_view, 1> known_scopes = {"submission"};
// As many as the made-up answers for unknown names have, or the count would tell them apart; RFC
// 7677 §4 asks for at least 4096.
constexpr std::uint32_t scram_iterations = 4096;
constexpr std::size_t scram_salt_octets = 16;

std::string id_text(const Credential& credential) {
    return credential.principal.text() + "-" + credential.id.text();
}

json::Object encode(const Credential& credential) {
    json::Array mechanisms{"PLAIN"};
    if (credential.scram_iterations != 0) mechanisms.push_back("SCRAM-SHA-256");
    return {{"id", id_text(credential)},
            {"account", credential.principal.text()},
            {"kind", kinds[static_cast<std::size_t>(credential.kind)]},
            {"label", credential.label},
            {"scopes", texts(credential.scopes)},
            {"mechanisms", std::move(mechanisms)},
            {"created", utc_text(credential.created)},
            {"expires", utc_or_null(credential.expires)}};
}

struct Ids {
    PrincipalId principal;
    CredentialId credential;
};
std::optional<Ids> parse_ids(const std::string& text) {
    const std::size_t sign = text.find('-');
    if (sign == std::string::npos) return std::nullopt;
    const auto principal = PrincipalId::parse(text.substr(0, sign));
    const auto credential = CredentialId::parse(text.substr(sign + 1));
    if (!principal || !credential) return std::nullopt;
    return Ids{*principal, *credential};
}

struct Wanted {
    Credential credential;
    std::string password;  // prepared
};

Result<std::string> good_password(const json::Place& in) {
    const std::string typed = TRY(in.string("password"));
    auto prepared = sasl::prepare_password(typed);
    if (!prepared)
        return TRY(in.get("password"))
            .refusal("a password is printable text, and not empty; please choose another one");
    std::size_t characters = 0;
    for (const char c : *prepared)
        if ((static_cast<unsigned char>(c) & 0xc0) != 0x80) ++characters;
    if (characters < limits::password_characters_min)
        return TRY(in.get("password"))
            .refusal(fmt::format("a password has at least {} characters",
                                 limits::password_characters_min));
    return *std::move(prepared);
}

Result<std::vector<std::string>> read_scopes(const json::Place& in) {
    for (const json::Place& item : TRY(in.array_or_empty("scopes"))) {
        const std::string scope = TRY(item.string());
        if (std::ranges::find(known_scopes, scope) == known_scopes.end())
            return item.refusal(fmt::format("there is no scope \"{}\"; there is {}", scope,
                                            fmt::join(known_scopes, ", ")));
    }
    return read_texts(in, "scopes");
}

Result<Wanted> decode(const json::Place& in, WallTime now) {
    TRY(in.only({"account", "kind", "label", "scopes", "expires", "password"}));
    Wanted wanted;
    Credential& credential = wanted.credential;
    const std::string account = TRY(in.string("account"));
    const auto principal = PrincipalId::parse(account);
    if (!principal)
        return Refusal{.kind = Refusal::Kind::not_found,
                       .text = "There is no account " + account + "."};
    credential.principal = *principal;
    credential.kind = static_cast<Credential::Kind>(TRY(read_word(in, "kind", kinds, 0)));
    credential.label = TRY(in.find_string("label")).value_or("");
    credential.scopes = TRY(read_scopes(in));
    credential.expires = TRY(find_utc(in, "expires"));
    if (credential.expires && *credential.expires <= now)
        return TRY(in.get("expires")).refusal("this is past already");
    const bool has_password = TRY(in.find("password")).has_value();
    if (credential.kind == Credential::Kind::app_password) {
        if (has_password) return in.refusal("an app password is made here, not given");
        return wanted;
    }
    wanted.password = TRY(good_password(in));
    return wanted;
}

// A client is told one salt before it shows which password it knows, so all of an account have the
// same.
Bytes scram_salt(const std::vector<Credential>& others) {
    for (const Credential& other : others)
        if (other.scram_iterations == scram_iterations) return other.scram_salt;
    Bytes salt(scram_salt_octets, '\0');
    fill_random(std::as_writable_bytes(std::span(salt)));
    return salt;
}

// Blocks for milliseconds, or for tens of them where `password` is one that a person chose: on a
// pool.
Result<Credential> with_verifiers(Credential credential, const std::string& password,
                                  const Bytes& salt) {
    if (credential.kind == Credential::Kind::password)
        credential.argon2 = TRY(crypto::hash_password(password));
    const sasl::ScramKeys keys = sasl::keys_of(password, salt, scram_iterations);
    credential.scram_salt = salt;
    credential.scram_stored_key = keys.stored_key;
    credential.scram_server_key = keys.server_key;
    credential.scram_iterations = scram_iterations;
    return credential;
}

class CredentialType final : public DataType {
 public:
    explicit CredentialType(Parts& parts) : parts_(parts) {}

    std::string_view name() const override { return "Credential"; }
    std::span<const std::string_view> properties() const override { return credential_properties; }
    net::Task<std::string> state() override { co_return co_await state_of(parts_.store, name()); }

    net::Task<std::optional<json::Object>> get(std::string id) override {
        const auto credential = co_await find(std::move(id));
        if (!credential) co_return std::nullopt;
        co_return encode(*credential);
    }

    net::Task<Result<QueryAnswer>> query(QueryRequest request) override {
        CO_TRY(check_filter(request.filter, {"account"}));
        const std::string account = CO_TRY(filter_text(request.filter, "account"));
        const auto principal = PrincipalId::parse(account);
        if (!principal)
            co_return Refusal{.kind = Refusal::Kind::unsupported,
                              .text = "Credentials are listed for one account: filter by account."};
        std::vector<Sortable> found;
        for (const Credential& credential : co_await parts_.directory.credentials(*principal))
            found.push_back({id_text(credential), utc_text(credential.created)});
        co_return ordered(std::move(found), request.is_ascending);
    }

    net::Task<Result<Plan>> plan_create(json::Place object) override {
        Wanted wanted = CO_TRY(decode(object, parts_.clock.now()));
        Credential credential = std::move(wanted.credential);
        if (!co_await parts_.directory.find_principal(credential.principal))
            co_return Refusal{.kind = Refusal::Kind::not_found,
                              .text = "There is no account " + credential.principal.text() + "."};
        credential.id = CredentialId::make(parts_.clock.unix_ms());
        credential.created = parts_.clock.now();
        Plan plan;
        plan.told = {{"created", utc_text(credential.created)}};
        if (credential.kind == Credential::Kind::app_password) {
            const crypto::Secret secret = crypto::app_password_secret();
            const crypto::Secret normal = crypto::normalised_app_password(secret.bytes());
            credential.digest = crypto::bytes_of(crypto::sha256(normal.bytes()));
            plan.told.set("secret", secret.bytes());
            wanted.password = secret.bytes();
        }
        const auto others = co_await parts_.directory.credentials(credential.principal);
        const Bytes salt = scram_salt(others);
        const auto work = [&] { return with_verifiers(credential, wanted.password, salt); };
        credential = CO_TRY(co_await parts_.pool.run(work));
        plan.change = CO_TRY(co_await parts_.directory.set_credential(credential, others));
        plan.id = id_text(credential);
        plan.after = encode(credential);
        note_changed(plan.change, name());
        co_return plan;
    }

    net::Task<Result<Plan>> plan_destroy(std::string id, json::Place) override {
        const auto before = co_await find(id);
        if (!before)
            co_return Refusal{.kind = Refusal::Kind::not_found,
                              .text = "There is no credential " + id + "."};
        Plan plan;
        plan.change =
            CO_TRY(co_await parts_.directory.remove_credential(before->principal, before->id));
        plan.id = id;
        plan.before = encode(*before);
        note_changed(plan.change, name());
        co_return plan;
    }

 private:
    net::Task<std::optional<Credential>> find(std::string id) {
        const auto ids = parse_ids(id);
        if (!ids) co_return std::nullopt;
        for (const Credential& credential : co_await parts_.directory.credentials(ids->principal))
            if (credential.id == ids->credential) co_return credential;
        co_return std::nullopt;
    }

    Parts& parts_;
};

}  // namespace

std::unique_ptr<DataType> credential_type(Parts& parts) {
    return std::make_unique<CredentialType>(parts);
}

}  // namespace pidge::admin
