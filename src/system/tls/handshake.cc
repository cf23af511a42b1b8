#include "system/tls/handshake.h"

#include <openssl/err.h>

#include "base/check.h"
#include "system/net/gone.h"
#include "system/tls/info.h"
#include "system/tls/openssl.h"
#include "system/tls/server_state.h"
#include "system/tls/tls_stream.h"

namespace pidge::tls {

namespace {

using net::Gone;
using net::Stream;
using net::Task;

constexpr std::uint8_t dane_ta = 2, dane_ee = 3;

// RFC 6698 §2.1.3: octets of data for each matching type; 0: any length.
std::optional<std::size_t> data_size(std::uint8_t matching_type) {
    switch (matching_type) {
        case 0:
            return 0;
        case 1:
            return 32;
        case 2:
            return 64;
        default:
            return {};
    }
}

void require(bool ok, const char* what) {
    if (!ok) throw Gone(Gone::Why::tls, std::string("TLS: ") + what + ": " + take_error());
}

void set_name(SSL* ssl, const std::string& name) {
    if (name.empty()) return;
    // RFC 6066 §3: addresses are no host names and are not sent.
    if (net::Address::parse(name)) {
        require(X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), name.c_str()) == 1,
                "no usable address");
        return;
    }
    require(SSL_set_tlsext_host_name(ssl, name.c_str()) == 1, "no usable host name");
    SSL_set_hostflags(ssl,
                      X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS | X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
    require(SSL_set1_host(ssl, name.c_str()) == 1, "no usable host name");
}

void set_dane(SSL* ssl, const ConnectOptions& options) {
    require(SSL_dane_enable(ssl, options.server_name.c_str()) == 1, "no usable host name");
    for (const std::string& name : options.further_names)
        require(SSL_add1_host(ssl, name.c_str()) == 1, "no usable host name");
    for (const TlsaRecord& record : options.tlsa) {
        if (!is_usable(record)) continue;
        // A certificate or key that OpenSSL cannot read is one more unusable record.
        (void)SSL_dane_tlsa_add(ssl, record.usage, record.selector, record.matching_type,
                                reinterpret_cast<const unsigned char*>(record.data.data()),
                                record.data.size());
    }
    ERR_clear_error();
}

// RFC 1034 §3.1: the final dot of an absolute name belongs to the DNS, not to SNI or certificates.
std::string without_final_dot(std::string name) {
    if (name.size() > 1 && name.back() == '.') name.pop_back();
    return name;
}

std::unique_ptr<SessionPlace> place_of(const ClientContext& context, const Stream& stream,
                                       const std::string& server_name) {
    // The name is part of it, because the session's certificate was checked against it; the port,
    // because another service listens on another.
    const std::string host = server_name.empty() ? stream.remote().address.text() : server_name;
    const std::string server = host + ":" + std::to_string(stream.remote().port);
    return std::make_unique<SessionPlace>(context.state(), server);
}

}  // namespace

bool is_usable(const TlsaRecord& record) {
    const auto size = data_size(record.matching_type);
    return (record.usage == dane_ta || record.usage == dane_ee) && record.selector <= 1 && size &&
           !record.data.empty() && (*size == 0 || record.data.size() == *size);
}

Task<std::unique_ptr<Stream>> accept(std::unique_ptr<Stream> stream, const ServerContext& context,
                                     std::chrono::milliseconds deadline) {
    stream->set_deadline(deadline);
    // Held for the callbacks that choose certificate and protocol; they are not called after the
    // handshake.
    const auto state = context.state();
    SslPtr ssl(SSL_new(state->context.get()));
    need_memory(ssl != nullptr);
    SSL_set_accept_state(ssl.get());
    auto tls = std::make_unique<TlsStream>(std::move(stream), std::move(ssl));
    co_await tls->handshake();
    tls->info() = server_info(tls->ssl());
    co_return tls;
}

Task<std::unique_ptr<Stream>> connect(std::unique_ptr<Stream> stream, const ClientContext& context,
                                      ConnectOptions options) {
    stream->set_deadline(options.deadline);
    const auto state = context.state();
    const Verification verification = state->options.verification;
    options.server_name = without_final_dot(std::move(options.server_name));
    check(verification == Verification::opportunistic || !options.server_name.empty(),
          "nothing to hold the certificate against");

    SslPtr ssl(SSL_new(state->context.get()));
    need_memory(ssl != nullptr);
    SSL_set_connect_state(ssl.get());
    auto place = place_of(context, *stream, options.server_name);
    if (verification == Verification::dane) {
        set_dane(ssl.get(), options);
        place.reset();
    } else {
        set_name(ssl.get(), options.server_name);
        if (const SessionPtr session = state->sessions.take(place->server))
            SSL_set_session(ssl.get(), session.get());
    }
    const std::string alpn = alpn_wire(options.alpn);
    if (!alpn.empty())
        need_memory(SSL_set_alpn_protos(ssl.get(),
                                        reinterpret_cast<const unsigned char*>(alpn.data()),
                                        static_cast<unsigned>(alpn.size())) == 0);
    auto tls = std::make_unique<TlsStream>(std::move(stream), std::move(ssl));
    if (place) tls->set_place(std::move(place));
    co_await tls->handshake();
    tls->info() = client_info(tls->ssl(), verification, options.server_name);
    co_return tls;
}

}  // namespace pidge::tls
