// Secret: octets that are wiped from memory when they are done with. It moves, it is not copied by
// accident, and it has no way into a log. Lives on one thread at a time.
#pragma once

#include <cstddef>
#include <memory>
#include <string_view>

#include "base/bytes.h"

namespace pidge::crypto {

class Secret {
 public:
    Secret() = default;                       // empty
    explicit Secret(std::string_view bytes);  // a copy; whoever holds the original wipes that
    static Secret take(Bytes& bytes);         // moves the octets in and wipes and empties `bytes`
    static Secret random(std::size_t size_bytes);
    ~Secret();
    Secret(Secret&& other) noexcept;
    Secret& operator=(Secret&& other) noexcept;
    Secret(const Secret&) = delete;
    Secret& operator=(const Secret&) = delete;

    Secret copy() const { return Secret(bytes()); }
    std::string_view bytes() const { return {data_.get(), size_}; }
    bool is_empty() const { return size_ == 0; }

 private:
    std::unique_ptr<char[]> data_;
    std::size_t size_ = 0;
};

// Overwrites the octets in a way that the compiler does not leave out, then empties the string.
void wipe(Bytes& bytes);

}  // namespace pidge::crypto
