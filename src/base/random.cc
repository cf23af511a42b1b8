#include "base/random.h"

#include <sys/random.h>

#include <cerrno>

#include "base/check.h"

namespace pidge {

void fill_random(std::span<std::byte> into) {
    while (!into.empty()) {
        const ssize_t got = ::getrandom(into.data(), into.size(), 0);
        if (got < 0 && errno == EINTR) continue;
        check(got > 0, "getrandom failed");
        into = into.subspan(static_cast<std::size_t>(got));
    }
}

std::uint64_t random_u64() {
    std::uint64_t value = 0;
    fill_random(std::as_writable_bytes(std::span(&value, 1)));
    return value;
}

}  // namespace pidge
