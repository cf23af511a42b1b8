// gzip (RFC 1952), by zlib. Pure.
#pragma once

#include <cstddef>
#include <optional>

#include "base/bytes.h"

namespace pidge::gzip {

// One member with all of it. Memory is some 300 KiB and what comes out.
Bytes compress(ByteView octets);

// Nullopt: it is no gzip, is cut short, or would be larger than `octets_max`.
std::optional<Bytes> decompress(ByteView octets, std::size_t octets_max);

}  // namespace pidge::gzip
