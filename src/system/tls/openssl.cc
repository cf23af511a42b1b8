#include "system/tls/openssl.h"

#include <openssl/err.h>

#include <new>

#include "base/check.h"
#include "system/tls/limits.h"

namespace pidge::tls {

namespace {
// TLS 1.2; the suites of TLS 1.3 are all AEAD with ephemeral key exchange.
constexpr auto tls12_suites = "ECDHE+AESGCM:ECDHE+CHACHA20:DHE+AESGCM:DHE+CHACHA20:!aNULL:!PSK";
}  // namespace

std::string take_error() {
    const unsigned long code = ERR_get_error();
    ERR_clear_error();
    const char* const reason = code == 0 ? nullptr : ERR_reason_error_string(code);
    return reason == nullptr ? "unknown reason" : reason;
}

void need_memory(bool is_done) {
    if (is_done) return;
    ERR_clear_error();
    throw std::bad_alloc();
}

ContextPtr make_context(const SSL_METHOD* method) {
    ContextPtr context(SSL_CTX_new(method));
    need_memory(context != nullptr);
    need_memory(SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION) == 1);
    need_memory(SSL_CTX_set_cipher_list(context.get(), tls12_suites) == 1);
    SSL_CTX_set_options(context.get(), SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION);
    // Buffers of idle connections go; a write may end after any record.
    SSL_CTX_set_mode(context.get(), SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                                        SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    SSL_CTX_set_timeout(context.get(), limits::session_lifetime.count());
    return context;
}

std::string alpn_wire(const std::vector<std::string>& names) {
    std::string out;
    for (const std::string& name : names) {
        check(!name.empty() && name.size() <= limits::alpn_name_octets, "no name of a protocol");
        out += static_cast<char>(name.size());
        out += name;
    }
    return out;
}

}  // namespace pidge::tls
