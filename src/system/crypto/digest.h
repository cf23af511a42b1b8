// SHA-256 (FIPS 180-4) and HMAC-SHA-256 (RFC 2104). Functions are thread-safe; a Sha256 belongs to
// one thread at a time. Small inputs are cheap: the algorithm is fetched once per process, the
// one-shot functions keep a context per thread.
#pragma once

#include <array>
#include <cstdint>
#include <initializer_list>
#include <string_view>

namespace pidge::crypto {

using Digest = std::array<std::uint8_t, 32>;

// The octets of a digest; lives as long as the digest.
inline std::string_view bytes_of(const Digest& digest) {
    return {reinterpret_cast<const char*>(digest.data()), digest.size()};
}

class Sha256 {
 public:
    Sha256();
    ~Sha256();
    Sha256(Sha256&& other) noexcept;
    Sha256& operator=(Sha256&& other) noexcept;

    Sha256& update(std::string_view bytes);
    Digest finish();  // and begins anew: the object can be used for another message

 private:
    void* context_ = nullptr;  // EVP_MD_CTX
};

Digest sha256(std::string_view bytes);
Digest sha256(std::initializer_list<std::string_view> pieces);  // of the pieces one after another

Digest hmac_sha256(std::string_view key, std::string_view bytes);

// Whether two strings are equal, in a time that depends on their lengths only. For verifiers,
// tokens and signatures.
bool constant_time_equals(std::string_view a, std::string_view b);

}  // namespace pidge::crypto
