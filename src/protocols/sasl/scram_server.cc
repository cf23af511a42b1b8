#include "protocols/sasl/scram_server.h"

#include "base/check.h"
#include "base/text.h"
#include "protocols/sasl/prepare.h"
#include "protocols/sasl/scram_keys.h"
#include "system/crypto/digest.h"

namespace pidge::sasl {

Result<ClientFirst> ScramServer::client_first(std::string_view message) {
    first_ = TRY(parse_client_first(message));
    if (variant_ == Variant::plain) {
        if (first_.binding == ClientFirst::Binding::used)
            return bad_message("Channel binding needs SCRAM-SHA-256-PLUS");
        // RFC 5802 §6: the client could have bound, and saw no offer of ours. If we made one,
        // somebody took it out.
        if (first_.binding == ClientFirst::Binding::unsupported_by_server && offered_plus_)
            return bad_credentials();
        return first_;
    }
    if (first_.binding != ClientFirst::Binding::used)
        return bad_message("SCRAM-SHA-256-PLUS needs channel binding");
    auto binding = find_channel_binding(tls_, first_.binding_type);
    if (!binding) return bad_message("This type of channel binding is not supported");
    binding_data_ = std::move(binding->data);
    return first_;
}

std::string ScramServer::server_first(ScramVerifier verifier) {
    verifier_ = std::move(verifier);
    check(!verifier_.keys.empty(), "a verifier without keys");
    for (const ScramVerifier::Key& key : verifier_.keys)
        check(key.stored_key.size() == 32 && key.server_key.size() == 32, "a verifier for SHA-256");
    server_first_ = text_of(ServerFirst{.nonce = first_.nonce + nonce_,
                                        .salt = verifier_.salt,
                                        .iterations = verifier_.iterations});
    return server_first_;
}

Result<ScramServer::Final> ScramServer::client_final(std::string_view message) {
    check(!server_first_.empty(), "client_final() after server_first()");
    const ClientFinal final = TRY(parse_client_final(message));
    if (!crypto::constant_time_equals(final.nonce, first_.nonce + nonce_) ||
        !crypto::constant_time_equals(final.binding, first_.gs2_header + binding_data_))
        return bad_credentials();
    const std::string auth_message = first_.bare + "," + server_first_ + "," + final.without_proof;
    // All are tried, so that the time does not tell which one it was.
    const ScramVerifier::Key* matched = nullptr;
    for (const ScramVerifier::Key& key : verifier_.keys) {
        const crypto::Digest signature = crypto::hmac_sha256(key.stored_key, auth_message);
        const std::string client_key = exclusive_or(final.proof, crypto::bytes_of(signature));
        const crypto::Digest stored_key = crypto::sha256(client_key);
        if (crypto::constant_time_equals(crypto::bytes_of(stored_key), key.stored_key))
            matched = &key;
    }
    const ScramVerifier::Key& key = matched == nullptr ? verifier_.keys.front() : *matched;
    const crypto::Digest server_signature = crypto::hmac_sha256(key.server_key, auth_message);
    if (matched != nullptr) verifier_.identity.credential = matched->credential;
    return Final{.proof_holds = matched != nullptr && verifier_.is_real,
                 .message = "v=" + text::base64(crypto::bytes_of(server_signature))};
}

}  // namespace pidge::sasl
