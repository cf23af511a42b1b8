#include "system/store/kill_point.h"

#ifdef PIDGE_KILL_POINTS

#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <string>

#include "base/text.h"

namespace pidge::store {

namespace {

std::atomic<void (*)()> before_kill_call{nullptr};

}  // namespace

void kill_point(std::string_view point) {
    static const std::string wanted = [] {
        // tidy: only test builds have kill points, and the campaign that starts them says which
        const char* const value = std::getenv("PIDGE_KILL");
        return std::string(value ? value : "");
    }();
    static std::atomic<std::uint64_t> passed{0};
    const auto colon = wanted.rfind(':');
    if (colon == std::string::npos || std::string_view(wanted).substr(0, colon) != point) return;
    const auto nth = text::parse_u64(std::string_view(wanted).substr(colon + 1));
    if (!nth || ++passed != *nth) return;
    // tidy: only test builds have kill points, and the campaign that starts them says how
    const bool forgets = std::getenv("PIDGE_FORGET_NAMES") != nullptr;
    if (auto* const call = before_kill_call.load(); call && forgets) call();
    // tidy: to end at once, as a power switch would, is what a kill point is for
    ::_exit(137);
}

void before_kill(void (*call)()) {
    before_kill_call.store(call);
}

}  // namespace pidge::store

#endif
