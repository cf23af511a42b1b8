// CRC-32C (RFC 3720 appendix B.4: polynomial 0x1EDC6F41), by the processor's own instruction where
// it has one. It finds what a disk or memory has altered; it is no protection against people.
#pragma once

#include <cstdint>
#include <string_view>

namespace pidge::store {

std::uint32_t crc32c(std::string_view bytes);

}  // namespace pidge::store
