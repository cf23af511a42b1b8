// Limits of the JSON reader. They hold while reading, before memory is taken (attacks.md G6).
#pragma once

#include <cstddef>

namespace pidge::json {

struct Limits {
    // A JMAP request (RFC 8620 §2: maxSizeRequest) is the largest text anyone may send us.
    std::size_t size_bytes_max = 10'000'000;
    // Deeper than any data type of ours; small enough that walking a value may use the stack.
    std::size_t depth_max = 64;
    // A value costs some 80 octets of memory, and "0," only two octets of text.
    std::size_t values_max = 1'000'000;
};

}  // namespace pidge::json
