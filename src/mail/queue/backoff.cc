#include "mail/queue/backoff.h"

#include <algorithm>

namespace pidge::queue {

using std::chrono::microseconds;

namespace {

// An entry that was due at once may have stood behind others for so long before it counts as
// nothing but a stepped clock.
constexpr microseconds grace = std::chrono::minutes(10);

}  // namespace

microseconds retry_interval(const RetryPolicy& policy, std::uint32_t attempts,
                            std::uint64_t random) {
    microseconds interval = std::min(policy.first, policy.longest);
    for (std::uint32_t i = 1; i < attempts && interval < policy.longest; ++i)
        interval = interval > policy.longest / 2 ? policy.longest : interval * 2;
    const microseconds spread = interval * policy.jitter_percent / 100;
    if (spread <= microseconds(0)) return interval;
    return interval - microseconds(random % static_cast<std::uint64_t>(spread.count() + 1));
}

microseconds waited_at(const Entry& entry, WallTime now) {
    const WallTime since = entry.last_attempt.value_or(entry.arrived);
    const microseconds planned = std::max(entry.due - since, microseconds(0));
    const microseconds most = planned + std::max(planned, grace);
    return entry.waited + std::clamp(now - since, microseconds(0), most);
}

bool is_time_for(const RetryPolicy& policy, const Entry& entry, WallTime now) {
    if (entry.due <= now) return true;
    const WallTime since = entry.last_attempt.value_or(entry.arrived);
    const bool clock_went_back = now + std::chrono::hours(1) < since;
    return clock_went_back && entry.due - since <= policy.longest;
}

bool is_expired(const RetryPolicy& policy, const Entry& entry) {
    return entry.attempts >= policy.attempts_min && entry.waited >= policy.life;
}

bool is_delay_report_due(const RetryPolicy& policy, const Entry& entry) {
    return !entry.delay_reported && entry.waited >= policy.warn_after;
}

}  // namespace pidge::queue
