#include "program/config/suggest.h"

#include <algorithm>
#include <string>
#include <vector>

#include "base/text.h"

namespace pidge::config {
namespace {

constexpr std::size_t word_octets_max = 64;  // longer words are no slip of a key

std::string folded(std::string_view word) {
    std::string out = text::to_lower(word);
    std::ranges::replace(out, '-', '_');
    return out;
}

// Optimal string alignment: insertions, deletions, replacements, exchanges of neighbours.
std::size_t distance(std::string_view a, std::string_view b) {
    std::vector<std::size_t> before(b.size() + 1), last(b.size() + 1), row(b.size() + 1);
    for (std::size_t j = 0; j <= b.size(); ++j) last[j] = j;
    for (std::size_t i = 1; i <= a.size(); ++i) {
        row[0] = i;
        for (std::size_t j = 1; j <= b.size(); ++j) {
            const std::size_t replaced = last[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
            row[j] = std::min({last[j] + 1, row[j - 1] + 1, replaced});
            const bool exchanged = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
            if (exchanged) row[j] = std::min(row[j], before[j - 2] + 1);
        }
        std::swap(before, last);
        std::swap(last, row);
    }
    return last[b.size()];
}

}  // namespace

std::string_view closest(std::string_view written, std::span<const std::string_view> right) {
    if (written.empty() || written.size() > word_octets_max) return {};
    const std::string word = folded(written);
    std::string_view best;
    std::size_t best_distance = 0;
    for (const std::string_view candidate : right) {
        const std::string other = folded(candidate);
        std::size_t slips = distance(word, other);
        // "host" for "hostname": the beginning or end of a word is a likely slip however long.
        const bool is_part = word.size() >= 3 && (other.starts_with(word) ||
                                                  other.ends_with(word) || word.starts_with(other));
        if (is_part) slips = std::min<std::size_t>(slips, 1);
        const std::size_t allowed =
            std::max<std::size_t>(1, std::min(word.size(), other.size()) / 3);
        if (slips > allowed) continue;
        if (!best.empty() && slips >= best_distance) continue;
        best = candidate;
        best_distance = slips;
    }
    return best;
}

}  // namespace pidge::config
