#include "protocols/sasl/server_exchange.h"

#include "base/check.h"
#include "protocols/sasl/limits.h"
#include "protocols/sasl/plain.h"
#include "protocols/sasl/prepare.h"
#include "protocols/sasl/scram_keys.h"
#include "protocols/sasl/scram_server.h"

namespace pidge::sasl {
namespace {

bool is_scram(Mechanism mechanism) {
    return mechanism == Mechanism::scram_sha_256 || mechanism == Mechanism::scram_sha_256_plus;
}

}  // namespace

ServerExchange::ServerExchange(Mechanism mechanism, Backend& backend, const net::TlsInfo* tls,
                               bool offered_plus)
    : mechanism_(mechanism), backend_(backend) {
    if (!is_scram(mechanism)) return;
    const auto variant = mechanism == Mechanism::scram_sha_256_plus ? ScramServer::Variant::plus
                                                                    : ScramServer::Variant::plain;
    scram_ = std::make_unique<ScramServer>(variant, tls, offered_plus, make_nonce());
}

ServerExchange::~ServerExchange() = default;

net::Task<Result<ServerExchange::Step>> ServerExchange::begin(std::optional<std::string> initial) {
    if (initial) {
        Result<Step> step = co_await respond(std::move(*initial));
        co_return step;
    }
    Step step;
    if (mechanism_ == Mechanism::login) step.challenge = "Username:";
    co_return step;
}

net::Task<Result<ServerExchange::Step>> ServerExchange::respond(std::string response) {
    const Expects expected = std::exchange(expects_, Expects::nothing);
    check(expected != Expects::nothing, "respond() after the end of the exchange");
    if (response.size() > limits::message_octets) co_return bad_message("The message is too long");
    if (expected == Expects::first && mechanism_ == Mechanism::login) {
        login_ = CO_TRY(prepare_login(response));
        expects_ = Expects::login_password;
        co_return Step{.challenge = "Password:"};
    }
    if (expected == Expects::scram_end) {
        // RFC 5802 §5: the client has nothing more to say after the server's last message.
        if (!response.empty()) co_return bad_message("An empty response was expected");
        co_return Step{.identity = std::move(identity_)};
    }
    Result<Step> step = bad_credentials();
    if (expected == Expects::login_password)
        step = co_await verify_login(std::move(response));
    else if (expected == Expects::scram_final)
        step = co_await scram_final(std::move(response));
    else if (is_scram(mechanism_))
        step = co_await scram_first(std::move(response));
    else
        step = co_await verify_plain(std::move(response));
    co_return step;
}

net::Task<Result<ServerExchange::Step>> ServerExchange::verify_plain(std::string message) {
    PlainCredentials credentials = CO_TRY(parse_plain(message));
    Result<Identity> verified = co_await backend_.verify_password(
        std::move(credentials.authorization), std::move(credentials.login),
        std::move(credentials.password), "PLAIN");
    Identity identity = CO_TRY(std::move(verified));
    co_return Step{.identity = std::move(identity)};
}

net::Task<Result<ServerExchange::Step>> ServerExchange::verify_login(std::string password) {
    std::string prepared = CO_TRY(prepare_password(password));
    Result<Identity> verified =
        co_await backend_.verify_password("", std::move(login_), std::move(prepared), "LOGIN");
    Identity identity = CO_TRY(std::move(verified));
    co_return Step{.identity = std::move(identity)};
}

net::Task<Result<ServerExchange::Step>> ServerExchange::scram_first(std::string message) {
    ClientFirst first = CO_TRY(scram_->client_first(message));
    Result<ScramVerifier> found = co_await backend_.find_scram_verifier(
        std::move(first.authorization), std::move(first.login));
    ScramVerifier verifier = CO_TRY(std::move(found));
    expects_ = Expects::scram_final;
    co_return Step{.challenge = scram_->server_first(std::move(verifier))};
}

net::Task<Result<ServerExchange::Step>> ServerExchange::scram_final(std::string message) {
    const ScramServer::Final final = CO_TRY(scram_->client_final(message));
    Result<Identity> finished = co_await backend_.scram_finished(
        scram_->verifier(), final.proof_holds, std::string(name_of(mechanism_)));
    Identity identity = CO_TRY(std::move(finished));
    if (!final.proof_holds) co_return bad_credentials();
    identity_ = std::move(identity);
    expects_ = Expects::scram_end;
    co_return Step{.challenge = final.message};
}

}  // namespace pidge::sasl
