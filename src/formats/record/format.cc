#include "formats/record/format.h"

#include <algorithm>
#include <atomic>

namespace pidge::record {

// Here and not in the header, so that the program with one format more is compiled as the other is,
// but for this file.
#ifdef PIDGE_NEXT_FORMAT
const std::uint32_t newest_format = 2;
#else
const std::uint32_t newest_format = 1;
#endif

namespace {

// Of the process: what may be written follows from the store, of which a process has one.
std::atomic<std::uint32_t> writable = 1;
// A first octet further ahead than this is no format but damage.
constexpr std::uint32_t formats_ahead_max = 3;

}  // namespace

std::uint32_t writable_format() {
    return writable.load(std::memory_order_relaxed);
}

void set_writable_format(std::uint32_t format) {
    writable.store(std::clamp<std::uint32_t>(format, 1, newest_format), std::memory_order_relaxed);
}

bool is_newer(std::string_view record) {
    if (record.empty()) return false;
    const auto format = static_cast<unsigned char>(record.front());
    return format > newest_format && format <= newest_format + formats_ahead_max;
}

}  // namespace pidge::record
