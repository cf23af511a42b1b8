#include "system/crypto/digest.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <memory>
#include <new>
#include <utility>

#include "base/check.h"

namespace pidge::crypto {

namespace {

// Fetched once and kept for ever: a fetch by name at each use would cost more than hashing a
// kilobyte.
const EVP_MD* sha256_algorithm() {
    static const EVP_MD* const algorithm = [] {
        const EVP_MD* fetched = EVP_MD_fetch(nullptr, "SHA256", nullptr);
        check(fetched != nullptr, "OpenSSL offers no SHA-256");
        return fetched;
    }();
    return algorithm;
}

// What can fail for want of memory only is told as that.
EVP_MD_CTX* new_context() {
    EVP_MD_CTX* const context = EVP_MD_CTX_new();
    if (context == nullptr) throw std::bad_alloc();
    return context;
}

void begin(EVP_MD_CTX* context) {
    if (EVP_DigestInit_ex2(context, sha256_algorithm(), nullptr) != 1) throw std::bad_alloc();
}

void add(EVP_MD_CTX* context, std::string_view bytes) {
    check(EVP_DigestUpdate(context, bytes.data(), bytes.size()) == 1);
}

Digest end(EVP_MD_CTX* context) {
    Digest digest;
    check(EVP_DigestFinal_ex(context, digest.data(), nullptr) == 1);
    return digest;
}

EVP_MD_CTX* thread_context() {
    struct Owner {
        EVP_MD_CTX* context = new_context();
        ~Owner() { EVP_MD_CTX_free(context); }
    };
    thread_local Owner owner;
    return owner.context;
}

EVP_MD_CTX* as_context(void* context) {
    return static_cast<EVP_MD_CTX*>(context);
}

}  // namespace

Sha256::Sha256() {
    std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(new_context(),
                                                                    &EVP_MD_CTX_free);
    begin(context.get());
    context_ = context.release();
}

Sha256::~Sha256() {
    EVP_MD_CTX_free(as_context(context_));
}

Sha256::Sha256(Sha256&& other) noexcept : context_(std::exchange(other.context_, nullptr)) {}

Sha256& Sha256::operator=(Sha256&& other) noexcept {
    std::swap(context_, other.context_);
    return *this;
}

Sha256& Sha256::update(std::string_view bytes) {
    add(as_context(context_), bytes);
    return *this;
}

Digest Sha256::finish() {
    const Digest digest = end(as_context(context_));
    begin(as_context(context_));
    return digest;
}

Digest sha256(std::string_view bytes) {
    return sha256({bytes});
}

Digest sha256(std::initializer_list<std::string_view> pieces) {
    EVP_MD_CTX* const context = thread_context();
    begin(context);
    for (const std::string_view piece : pieces) add(context, piece);
    return end(context);
}

Digest hmac_sha256(std::string_view key, std::string_view bytes) {
    // OpenSSL takes a null key for "the key of before", so an empty one must still point somewhere.
    const char* const key_data = key.empty() ? "" : key.data();
    Digest digest;
    unsigned length = 0;
    const auto* const result = HMAC(sha256_algorithm(), key_data, static_cast<int>(key.size()),
                                    reinterpret_cast<const unsigned char*>(bytes.data()),
                                    bytes.size(), digest.data(), &length);
    check(result != nullptr && length == digest.size());
    return digest;
}

bool constant_time_equals(std::string_view a, std::string_view b) {
    return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace pidge::crypto
