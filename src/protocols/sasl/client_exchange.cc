#include "protocols/sasl/client_exchange.h"

#include <algorithm>

#include "base/check.h"
#include "base/text.h"
#include "protocols/sasl/plain.h"
#include "protocols/sasl/prepare.h"
#include "protocols/sasl/scram_keys.h"
#include "protocols/sasl/scram_message.h"
#include "system/crypto/digest.h"

namespace pidge::sasl {

std::optional<Mechanism> ClientExchange::choose(const std::vector<Mechanism>& offered,
                                                const net::TlsInfo* tls) {
    const auto has = [&offered](Mechanism mechanism) {
        return std::find(offered.begin(), offered.end(), mechanism) != offered.end();
    };
    if (has(Mechanism::scram_sha_256_plus) && best_channel_binding(tls))
        return Mechanism::scram_sha_256_plus;
    if (has(Mechanism::scram_sha_256)) return Mechanism::scram_sha_256;
    if (has(Mechanism::plain) && tls != nullptr) return Mechanism::plain;
    if (has(Mechanism::login) && tls != nullptr) return Mechanism::login;
    return std::nullopt;
}

Result<ClientExchange> ClientExchange::create(Mechanism mechanism,
                                              const ClientCredentials& credentials,
                                              const net::TlsInfo* tls, bool offers_plus) {
    ClientExchange exchange;
    exchange.mechanism_ = mechanism;
    if (!credentials.authorization.empty())
        exchange.credentials_.authorization = TRY(prepare_login(credentials.authorization));
    exchange.credentials_.login = TRY(prepare_login(credentials.login));
    exchange.credentials_.password = TRY(prepare_password(credentials.password));
    exchange.nonce_ = make_nonce();
    // RFC 5802 §6: "y" when we could bind and saw no offer, so that the server notices a forged
    // list.
    std::string flag = best_channel_binding(tls) && !offers_plus ? "y" : "n";
    if (mechanism == Mechanism::scram_sha_256_plus) {
        auto binding = best_channel_binding(tls);
        check(binding.has_value(), "choose() takes -PLUS only where there is something to bind to");
        flag = "p=" + binding->type;
        exchange.binding_data_ = std::move(binding->data);
    }
    const std::string& authorization = exchange.credentials_.authorization;
    exchange.gs2_header_ =
        flag + "," + (authorization.empty() ? "" : "a=" + escape_name(authorization)) + ",";
    return exchange;
}

std::optional<std::string> ClientExchange::begin() {
    check(expects_ == Expects::begin, "begin() comes first");
    if (mechanism_ == Mechanism::plain) {
        expects_ = Expects::success;
        return plain_message(credentials_.authorization, credentials_.login, credentials_.password);
    }
    if (mechanism_ == Mechanism::login) {
        expects_ = Expects::name_prompt;
        return std::nullopt;
    }
    expects_ = Expects::server_first;
    first_bare_ = "n=" + escape_name(credentials_.login) + ",r=" + nonce_;
    return gs2_header_ + first_bare_;
}

Result<std::string> ClientExchange::respond(std::string_view challenge) {
    // The prompts are for people; servers word them as they like.
    if (expects_ == Expects::name_prompt) {
        expects_ = Expects::password_prompt;
        return credentials_.login;
    }
    if (expects_ == Expects::password_prompt) {
        expects_ = Expects::success;
        return credentials_.password;
    }
    if (expects_ == Expects::server_first) return answer_first(challenge);
    if (expects_ != Expects::server_final)
        return bad_message("The server goes on after the end of the exchange");
    std::string response = TRY(check_final(challenge));
    expects_ = Expects::success;
    return response;
}

Result<std::string> ClientExchange::answer_first(std::string_view message) {
    const ServerFirst first = TRY(parse_server_first(message));
    // RFC 5802 §5.1: the nonce must begin with ours, and the server must have added to it.
    if (!first.nonce.starts_with(nonce_) || first.nonce.size() == nonce_.size())
        return bad_message("The server's nonce is not ours");
    const std::string without_proof =
        "c=" + text::base64(gs2_header_ + binding_data_) + ",r=" + first.nonce;
    const ScramKeys keys = keys_of(credentials_.password, first.salt, first.iterations);
    const std::string auth_message = first_bare_ + "," + std::string(message) + "," + without_proof;
    const crypto::Digest signature = crypto::hmac_sha256(keys.stored_key, auth_message);
    server_signature_ = crypto::bytes_of(crypto::hmac_sha256(keys.server_key, auth_message));
    expects_ = Expects::server_final;
    return without_proof +
           ",p=" + text::base64(exclusive_or(keys.client_key, crypto::bytes_of(signature)));
}

Result<std::string> ClientExchange::check_final(std::string_view message) const {
    if (!message.starts_with("v=")) return bad_message("The server did not prove that it knows us");
    const auto signature = text::from_base64(message.substr(2, message.find(',') - 2));
    if (!signature || !crypto::constant_time_equals(*signature, server_signature_))
        return bad_message("The server did not prove that it knows us");
    return std::string();
}

}  // namespace pidge::sasl
