// Random octets from the kernel (getrandom), fit for keys, tokens and identifiers.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace pidge {

void fill_random(std::span<std::byte> into);
std::uint64_t random_u64();

}  // namespace pidge
