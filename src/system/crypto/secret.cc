#include "system/crypto/secret.h"

#include <sodium.h>

#include <cstring>
#include <span>
#include <utility>

#include "base/random.h"

namespace pidge::crypto {

Secret::Secret(std::string_view bytes)
    : data_(std::make_unique_for_overwrite<char[]>(bytes.size())), size_(bytes.size()) {
    if (!bytes.empty()) std::memcpy(data_.get(), bytes.data(), bytes.size());
}

Secret Secret::take(Bytes& bytes) {
    // The octets are copied: a short string keeps them inside itself, so moving it would leave them
    // behind.
    Secret secret{std::string_view(bytes)};
    wipe(bytes);
    return secret;
}

Secret Secret::random(std::size_t size_bytes) {
    Secret secret;
    secret.data_ = std::make_unique_for_overwrite<char[]>(size_bytes);
    secret.size_ = size_bytes;
    fill_random(std::as_writable_bytes(std::span(secret.data_.get(), size_bytes)));
    return secret;
}

Secret::~Secret() {
    if (data_) sodium_memzero(data_.get(), size_);
}

Secret::Secret(Secret&& other) noexcept
    : data_(std::move(other.data_)), size_(std::exchange(other.size_, 0)) {}

Secret& Secret::operator=(Secret&& other) noexcept {
    std::swap(data_, other.data_);  // the other one wipes what was here
    std::swap(size_, other.size_);
    return *this;
}

void wipe(Bytes& bytes) {
    sodium_memzero(bytes.data(), bytes.size());
    bytes.clear();
}

}  // namespace pidge::crypto
