// Finding the octets that matter in a run of text: the hot path of every message that comes in.
#pragma once

#include <cstddef>
#include <string_view>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace pidge::smtp {

// The position of the first CR, LF or NUL at or after `from`; text.size() when there is none.
inline std::size_t find_line_octet(std::string_view text, std::size_t from) {
    const char* const data = text.data();
    const std::size_t size = text.size();
    std::size_t at = from;
#if defined(__SSE2__)
    const __m128i cr = _mm_set1_epi8('\r'), lf = _mm_set1_epi8('\n'), nul = _mm_setzero_si128();
    for (; at + 16 <= size; at += 16) {
        const __m128i block = _mm_loadu_si128(reinterpret_cast<const __m128i*>(data + at));
        const __m128i hits =
            _mm_or_si128(_mm_cmpeq_epi8(block, nul),
                         _mm_or_si128(_mm_cmpeq_epi8(block, cr), _mm_cmpeq_epi8(block, lf)));
        const int mask = _mm_movemask_epi8(hits);
        if (mask != 0)
            return at + static_cast<std::size_t>(__builtin_ctz(static_cast<unsigned>(mask)));
    }
#endif
    while (at < size && data[at] != '\r' && data[at] != '\n' && data[at] != '\0') ++at;
    return at;
}

}  // namespace pidge::smtp
