// Limits of archives, each with its reason.
#pragma once

#include <cstddef>
#include <cstdint>

#include "system/store/limits.h"

namespace pidge::store::limits {

// A frame is closed when it has grown to this, or to this many records: it becomes one commit of
// the import, large enough to share a sync, small enough to lose little when it is interrupted.
inline constexpr std::size_t frame_bytes = 2U << 20;
inline constexpr std::size_t frame_records = 4000;
// What a reader takes for a frame at all: the last record of one may be the largest there is.
inline constexpr std::size_t frame_bytes_max =
    frame_bytes + value_bytes_max + key_bytes_max + (1U << 10);
// The header is a few lines.
inline constexpr std::size_t header_bytes_max = 4096;

// A page of an export. Its values count, not only their number: a page of bodies is short.
inline constexpr std::size_t page_records_first = 64;
inline constexpr std::size_t page_records_max = 4096;
inline constexpr std::size_t page_bytes_wanted = 4U << 20;

}  // namespace pidge::store::limits
