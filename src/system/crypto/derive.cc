#include "system/crypto/derive.h"

#include <openssl/evp.h>

#include "base/check.h"

namespace pidge::crypto {

Digest pbkdf2_sha256(std::string_view password, std::string_view salt, std::uint32_t iterations) {
    check(iterations >= 1 && iterations <= INT32_MAX);
    Digest key;
    const int done = PKCS5_PBKDF2_HMAC(
        password.empty() ? "" : password.data(), static_cast<int>(password.size()),
        reinterpret_cast<const unsigned char*>(salt.data()), static_cast<int>(salt.size()),
        static_cast<int>(iterations), EVP_sha256(), static_cast<int>(key.size()), key.data());
    check(done == 1);
    return key;
}

Bytes hkdf_sha256(std::string_view key, std::string_view salt, std::string_view info,
                  std::size_t length) {
    constexpr std::size_t blocks_max = 255;  // RFC 5869 §2.3: L <= 255 * HashLen
    check(length <= blocks_max * std::tuple_size_v<Digest>);
    // RFC 5869 §2.2: an absent salt is a string of zeros as long as the hash; HMAC pads a shorter
    // key with zeros.
    const Digest extracted = hmac_sha256(salt, key);
    Bytes derived;
    Bytes block;
    for (unsigned counter = 1; derived.size() < length; ++counter) {
        Bytes input = block;
        input += info;
        input += static_cast<char>(counter);
        block = bytes_of(hmac_sha256(bytes_of(extracted), input));
        derived += block;
    }
    derived.resize(length);
    return derived;
}

}  // namespace pidge::crypto
