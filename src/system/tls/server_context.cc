#include "system/tls/server_context.h"

#include <openssl/err.h>

#include "system/tls/limits.h"
#include "system/tls/openssl.h"
#include "system/tls/server_state.h"

namespace pidge::tls {

namespace {

using State = ServerContext::State;

STACK_OF(X509) * issuers_of(const LoadedCertificate& loaded) {
    STACK_OF(X509)* const out = sk_X509_new_null();
    for (const CertificatePtr& issuer : loaded.issuers) sk_X509_push(out, issuer.get());
    return out;
}

// Adds the certificate to a context (the default) or to one handshake. False with OpenSSL's errors.
template <auto use>
bool add_certificate(auto* to, const LoadedCertificate& loaded) {
    STACK_OF(X509)* const issuers = issuers_of(loaded);
    const int ok = use(to, loaded.certificate.get(), loaded.key.get(), issuers, 1);
    sk_X509_free(issuers);
    return ok == 1;
}

// RFC 6066 §3: the client names the host that it wants. Without a match the default certificate
// stands.
int choose_certificate(SSL* ssl, void* argument) {
    const auto& state = *static_cast<const State*>(argument);
    const char* const name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
    if (name == nullptr || *name == '\0') return 1;
    const std::string host = name;
    bool is_chosen = false;
    for (const LoadedCertificate& loaded : state.certificates) {
        if (!loaded.covers(host)) continue;
        if (!std::exchange(is_chosen, true)) SSL_certs_clear(ssl);
        if (!add_certificate<SSL_use_cert_and_key>(ssl, loaded)) return 0;
    }
    return 1;
}

int choose_protocol(SSL*, const unsigned char** out, unsigned char* out_size,
                    const unsigned char* offered, unsigned offered_size, void* argument) {
    const auto& ours = static_cast<const State*>(argument)->alpn;
    unsigned char* chosen = nullptr;
    if (ours.empty() || SSL_select_next_proto(&chosen, out_size,
                                              reinterpret_cast<const unsigned char*>(ours.data()),
                                              static_cast<unsigned>(ours.size()), offered,
                                              offered_size) != OPENSSL_NPN_NEGOTIATED)
        return SSL_TLSEXT_ERR_ALERT_FATAL;
    *out = chosen;
    return SSL_TLSEXT_ERR_OK;
}

void configure(SSL_CTX* context, const State& state) {
    SSL_CTX_set_options(context, SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA);
    SSL_CTX_set_dh_auto(context, 1);
    // Sessions live in tickets under keys of this context alone, and name the service besides.
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_num_tickets(context, 1);
    unsigned char scope[SSL_MAX_SID_CTX_LENGTH];
    unsigned scope_size = 0;
    static_assert(sizeof scope == 32);
    need_memory(EVP_Digest(state.options.service.data(), state.options.service.size(), scope,
                           &scope_size, EVP_sha256(), nullptr) == 1);
    need_memory(SSL_CTX_set_session_id_context(context, scope, scope_size) == 1);
    auto* const argument = const_cast<State*>(&state);
    SSL_CTX_set_cert_cb(context, choose_certificate, argument);
    SSL_CTX_set_alpn_select_cb(context, choose_protocol, argument);
}

}  // namespace

Result<std::shared_ptr<const State>> ServerContext::State::load(ServerOptions options,
                                                                WallTime now) {
    if (options.certificates.empty() || options.certificates.size() > limits::certificates)
        return Refusal{.kind = Refusal::Kind::limit,
                       .text = "The service " + options.service + " needs 1 to " +
                               std::to_string(limits::certificates) + " certificates"};
    auto state = std::make_shared<State>();
    state->alpn = alpn_wire(options.alpn);
    state->context = make_context(TLS_server_method());
    for (const CertificateFiles& files : options.certificates) {
        LoadedCertificate loaded = TRY(load_certificate(files, now, options.expired));
        // Added to the context even if it is not the default, so that OpenSSL's own complaints (key
        // too short, digest too weak) come now and not at a handshake.
        const ContextPtr trial = make_context(TLS_server_method());
        if (!add_certificate<SSL_CTX_use_cert_and_key>(trial.get(), loaded))
            return Refusal{.kind = Refusal::Kind::policy,
                           .text = files.chain_path + ": not usable for TLS: " + take_error()};
        state->certificates.push_back(std::move(loaded));
    }
    need_memory(add_certificate<SSL_CTX_use_cert_and_key>(state->context.get(),
                                                          state->certificates.front()));
    state->options = std::move(options);
    configure(state->context.get(), *state);
    return std::shared_ptr<const State>(std::move(state));
}

ServerContext::ServerContext(std::shared_ptr<const State> state) : state_(std::move(state)) {}
ServerContext::~ServerContext() = default;

Result<std::shared_ptr<ServerContext>> ServerContext::create(ServerOptions options, WallTime now) {
    auto state = TRY(State::load(std::move(options), now));
    return std::shared_ptr<ServerContext>(new ServerContext(std::move(state)));
}

void ServerContext::adopt(const ServerContext& fresh) {
    auto state = fresh.state();
    const std::lock_guard lock(mutex_);
    state_ = std::move(state);
}

std::vector<CertificateStatus> ServerContext::certificates() const {
    std::vector<CertificateStatus> out;
    const auto now = state();
    for (const LoadedCertificate& loaded : now->certificates) out.push_back(loaded.status);
    return out;
}

std::shared_ptr<const ServerContext::State> ServerContext::state() const {
    const std::lock_guard lock(mutex_);
    return state_;
}

}  // namespace pidge::tls
