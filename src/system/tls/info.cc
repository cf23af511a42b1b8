#include "system/tls/info.h"

#include <openssl/err.h>
#include <openssl/obj_mac.h>

#include "system/tls/loaded_certificate.h"

namespace pidge::tls {

namespace {

// RFC 5929 §4.1: the hash of the server's certificate, by the hash function of its signature, MD5
// and SHA-1 raised to SHA-256. Undefined, and empty here, for signatures without a hash function of
// their own (Ed25519).
std::string end_point_of(X509* certificate) {
    int digest = NID_undef;
    if (certificate == nullptr ||
        X509_get_signature_info(certificate, &digest, nullptr, nullptr, nullptr) != 1 ||
        digest == NID_undef)
        return {};
    if (digest == NID_md5 || digest == NID_sha1) digest = NID_sha256;
    const EVP_MD* const function = EVP_get_digestbynid(digest);
    unsigned char octets[EVP_MAX_MD_SIZE];
    unsigned size = 0;
    if (function == nullptr || X509_digest(certificate, function, octets, &size) != 1) return {};
    return {reinterpret_cast<const char*>(octets), size};
}

// RFC 9266 §2. §3: on TLS 1.2 it is unique only with the extended master secret (RFC 7627).
std::string exporter_of(SSL* ssl) {
    if (SSL_version(ssl) < TLS1_3_VERSION && SSL_get_extms_support(ssl) != 1) return {};
    constexpr std::string_view label = "EXPORTER-Channel-Binding";
    std::string out(32, '\0');
    if (SSL_export_keying_material(ssl, reinterpret_cast<unsigned char*>(out.data()), out.size(),
                                   label.data(), label.size(), nullptr, 0, 1) != 1)
        return {};
    return out;
}

net::TlsInfo common_info(SSL* ssl) {
    net::TlsInfo info;
    info.version = SSL_get_version(ssl);
    const SSL_CIPHER* const cipher = SSL_get_current_cipher(ssl);
    info.cipher = SSL_CIPHER_get_name(cipher);
    info.cipher_bits = SSL_CIPHER_get_bits(cipher, nullptr);
    const unsigned char* protocol = nullptr;
    unsigned protocol_size = 0;
    SSL_get0_alpn_selected(ssl, &protocol, &protocol_size);
    info.alpn.assign(reinterpret_cast<const char*>(protocol), protocol_size);
    if (X509* const peer = SSL_get0_peer_certificate(ssl)) info.peer_subject = subject_of(peer);
    info.exporter = exporter_of(ssl);
    return info;
}

}  // namespace

net::TlsInfo server_info(SSL* ssl) {
    net::TlsInfo info = common_info(ssl);
    if (const char* const name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name))
        info.server_name = name;
    info.server_end_point = end_point_of(SSL_get_certificate(ssl));
    ERR_clear_error();
    return info;
}

net::TlsInfo client_info(SSL* ssl, Verification verification, const std::string& server_name) {
    net::TlsInfo info = common_info(ssl);
    info.server_name = server_name;
    X509* const peer = SSL_get0_peer_certificate(ssl);
    info.server_end_point = end_point_of(peer);
    const long result = SSL_get_verify_result(ssl);
    const bool is_named = verification == Verification::dane || !server_name.empty();
    const bool has_matched =
        verification != Verification::dane || SSL_get0_dane_authority(ssl, nullptr, nullptr) >= 0;
    info.peer_verified = peer != nullptr && result == X509_V_OK && is_named && has_matched;
    if (!info.peer_verified)
        info.verify_error = result != X509_V_OK ? X509_verify_cert_error_string(result)
                            : !has_matched      ? "no TLSA record that can be used"
                                                : "no name to verify";
    ERR_clear_error();
    return info;
}

}  // namespace pidge::tls
