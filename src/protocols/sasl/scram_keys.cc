#include "protocols/sasl/scram_keys.h"

#include <array>

#include "base/check.h"
#include "base/random.h"
#include "base/text.h"
#include "system/crypto/derive.h"

namespace pidge::sasl {

ScramKeys keys_of(std::string_view password, std::string_view salt, std::uint32_t iterations) {
    const crypto::Digest salted = crypto::pbkdf2_sha256(password, salt, iterations);
    const std::string client_key(
        crypto::bytes_of(crypto::hmac_sha256(crypto::bytes_of(salted), "Client Key")));
    return {.client_key = client_key,
            .stored_key = std::string(crypto::bytes_of(crypto::sha256(client_key))),
            .server_key = std::string(
                crypto::bytes_of(crypto::hmac_sha256(crypto::bytes_of(salted), "Server Key")))};
}

std::string exclusive_or(std::string_view a, std::string_view b) {
    check(a.size() == b.size(), "exclusive or of equal sizes");
    std::string out(a);
    for (std::size_t i = 0; i < out.size(); ++i) out[i] = static_cast<char>(out[i] ^ b[i]);
    return out;
}

std::string make_nonce() {
    std::array<std::byte, 18> random;
    fill_random(random);
    return text::base64({reinterpret_cast<const char*>(random.data()), random.size()});
}

}  // namespace pidge::sasl
