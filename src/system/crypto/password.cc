#include "system/crypto/password.h"

#include <sodium.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <optional>

#include "base/check.h"
#include "base/random.h"
#include "base/text.h"
#include "system/crypto/limits.h"

namespace pidge::crypto {

namespace {

void begin() {
    static const bool ready = sodium_init() >= 0;
    check(ready, "libsodium cannot start");
}

Refusal no_memory() {
    return {.kind = Refusal::Kind::temporary,
            .text = "There is no memory to check a password now; try again later.",
            .status = {4, 7, 0}};
}

struct Cost {
    std::uint64_t memory_kib = 0, passes = 0;
};

// The figures of "$argon2id$v=19$m=65536,t=2,p=1$…"; libsodium reads them by itself, but sets them
// no bound.
std::optional<Cost> read_cost(std::string_view hash) {
    const auto fields = text::split(hash, '$');
    if (fields.size() != 6 || !fields[0].empty() || fields[1] != "argon2id") return std::nullopt;
    const auto figures = text::split(fields[3], ',');
    if (figures.size() != 3 || !figures[0].starts_with("m=") || !figures[1].starts_with("t="))
        return std::nullopt;
    const auto memory = text::parse_u64(figures[0].substr(2));
    const auto passes = text::parse_u64(figures[1].substr(2));
    if (!memory || !passes) return std::nullopt;
    return Cost{*memory, *passes};
}

constexpr std::string_view alphabet = "0123456789abcdefghjkmnpqrstvwxyz";

}  // namespace

Result<Bytes> hash_password(std::string_view password) {
    begin();
    if (password.size() > limits::password_bytes_max)
        return Refusal{.kind = Refusal::Kind::limit,
                       .text = "The password is too long: 1024 octets at most.",
                       .status = {5, 7, 0}};
    std::array<char, crypto_pwhash_STRBYTES> hash{};
    if (crypto_pwhash_str_alg(hash.data(), password.data(), password.size(),
                              limits::password_passes, limits::password_memory_bytes,
                              crypto_pwhash_ALG_ARGON2ID13) != 0)
        return no_memory();
    return Bytes(hash.data());
}

Result<PasswordMatch> verify_password(std::string_view hash, std::string_view password) {
    begin();
    if (password.size() > limits::password_bytes_max) return PasswordMatch::no;
    const auto cost = read_cost(hash);
    if (!cost || cost->memory_kib > limits::password_memory_bytes_max / 1024 ||
        cost->passes > limits::password_passes_max)
        return PasswordMatch::no;
    const Bytes terminated(hash);
    errno = 0;
    if (crypto_pwhash_str_verify(terminated.c_str(), password.data(), password.size()) != 0) {
        if (errno == ENOMEM) return no_memory();
        return PasswordMatch::no;
    }
    const bool today = crypto_pwhash_str_needs_rehash(terminated.c_str(), limits::password_passes,
                                                      limits::password_memory_bytes) == 0;
    return today ? PasswordMatch::yes : PasswordMatch::yes_rehash;
}

Secret app_password_secret() {
    constexpr std::size_t characters =
        limits::app_password_groups * limits::app_password_group_characters;
    const Secret random = Secret::random(characters);
    Bytes text;
    for (std::size_t i = 0; i < characters; ++i) {
        if (i > 0 && i % limits::app_password_group_characters == 0) text += '-';
        text += alphabet[static_cast<std::uint8_t>(random.bytes()[i]) % alphabet.size()];
    }
    return Secret::take(text);
}

Secret normalised_app_password(std::string_view typed) {
    Bytes normal;
    normal.reserve(typed.size());  // no reallocation leaves a copy behind
    for (const char c : typed) {
        const char lower = text::lower(c);
        if (lower == '-' || lower == ' ') continue;
        normal += lower == 'o' ? '0' : lower == 'i' || lower == 'l' ? '1' : lower;
    }
    return Secret::take(normal);
}

}  // namespace pidge::crypto
