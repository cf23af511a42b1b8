// Ownership of OpenSSL's objects, and its errors as text. For the .cc files of system/tls only.
#pragma once

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <memory>
#include <string>
#include <vector>

namespace pidge::tls {

template <auto free>
struct Freed {
    void operator()(auto* object) const { free(object); }
};
using BioPtr = std::unique_ptr<BIO, Freed<BIO_free_all>>;
using KeyPtr = std::unique_ptr<EVP_PKEY, Freed<EVP_PKEY_free>>;
using CertificatePtr = std::unique_ptr<X509, Freed<X509_free>>;
using ContextPtr = std::unique_ptr<SSL_CTX, Freed<SSL_CTX_free>>;
using SslPtr = std::unique_ptr<SSL, Freed<SSL_free>>;
using SessionPtr = std::unique_ptr<SSL_SESSION, Freed<SSL_SESSION_free>>;

// The reason of the first error that OpenSSL has noted on this thread since it was last emptied;
// empties its list. Called right after the call that failed, before anything is awaited.
std::string take_error();

// After a call that can fail for want of memory only: throws std::bad_alloc unless it is done.
void need_memory(bool is_done);

// What server and client have in common (attacks.md T02): TLS 1.2 and 1.3, AEAD with ephemeral key
// exchange, no compression, no renegotiation.
ContextPtr make_context(const SSL_METHOD* method);

// RFC 7301 §3.1: each name after its length.
std::string alpn_wire(const std::vector<std::string>& names);

}  // namespace pidge::tls
