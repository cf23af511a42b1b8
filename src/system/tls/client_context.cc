#include "system/tls/client_context.h"

#include <openssl/err.h>

#include "system/tls/client_state.h"
#include "system/tls/openssl.h"

namespace pidge::tls {

namespace {

int place_index() {
    static const int index = SSL_get_ex_new_index(0, nullptr, nullptr, nullptr, nullptr);
    return index;
}

// Returning 1 means that the session is ours now.
int keep_session(SSL* ssl, SSL_SESSION* session) {
    const auto* const place = static_cast<const SessionPlace*>(SSL_get_ex_data(ssl, place_index()));
    if (place == nullptr) return 0;
    place->state->sessions.put(place->server, SessionPtr(session));
    return 1;
}

}  // namespace

void set_session_place(SSL* ssl, SessionPlace* place) {
    SSL_set_ex_data(ssl, place_index(), place);
}

Result<std::shared_ptr<ClientContext>> ClientContext::create(ClientOptions options) {
    auto state = std::make_shared<State>(std::move(options));
    state->context = make_context(TLS_client_method());
    SSL_CTX* const context = state->context.get();
    const std::string& path = state->options.authorities_path;
    const int ok = path.empty() ? SSL_CTX_set_default_verify_paths(context)
                                : SSL_CTX_load_verify_file(context, path.c_str());
    if (ok != 1)
        return Refusal{
            .kind = Refusal::Kind::policy,
            .text = path + ": cannot be read as certificates of authorities: " + take_error()};
    const bool is_required = state->options.verification == Verification::required;
    SSL_CTX_set_verify(context, is_required ? SSL_VERIFY_PEER : SSL_VERIFY_NONE, nullptr);
    // RFC 7435 §3: some encryption is better than none, so weak keys of others' MX hosts do not
    // stop it.
    if (!is_required) SSL_CTX_set_security_level(context, 0);
    if (state->options.verification == Verification::dane) {
        need_memory(SSL_CTX_dane_enable(context) == 1);
        // RFC 7672 §3.1.1: with DANE-EE(3) the key is the identity; names and dates in the
        // certificate do not count.
        SSL_CTX_dane_set_flags(context, DANE_FLAG_NO_DANE_EE_NAMECHECKS);
    } else {
        SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
        SSL_CTX_sess_set_new_cb(context, keep_session);
    }
    return std::shared_ptr<ClientContext>(new ClientContext(std::move(state)));
}

ClientContext::ClientContext(std::shared_ptr<State> state) : state_(std::move(state)) {}
ClientContext::~ClientContext() = default;

std::size_t ClientContext::sessions() const {
    return state_->sessions.size();
}

}  // namespace pidge::tls
