// When a deferred entry is tried again, warned about and given up. Pure functions.
//
// RFC 5321 §4.5.4.1: the first retries come soon, later ones at intervals of some hours; the
// give-up time is at least 4-5 days. Nothing here looks at the age on the wall: an entry's age is
// what it has `waited` between attempts, so that a clock that steps expires nothing [C10].
#pragma once

#include <chrono>
#include <cstdint>

#include "mail/queue/entry.h"

namespace pidge::queue {

struct RetryPolicy {
    std::chrono::microseconds first = std::chrono::minutes(5);  // then doubled each time, up to
    std::chrono::microseconds longest = std::chrono::hours(4);
    // Each interval is shortened by up to this share, so that what failed together does not come
    // back together.
    int jitter_percent = 20;
    std::chrono::microseconds life = std::chrono::hours(5 * 24);   // waited so long: given up
    std::uint32_t attempts_min = 6;                                // but tried at least so often
    std::chrono::microseconds warn_after = std::chrono::hours(4);  // waited so long: delay report
};

// The wait after the `attempts`-th attempt (from 1). `random`: any number; decides the jitter.
std::chrono::microseconds retry_interval(const RetryPolicy& policy, std::uint32_t attempts,
                                         std::uint64_t random);

// Entry::waited as it is at an attempt that begins at `now`: the wait since the last attempt (or
// arrival) is added, but no more of it than was planned and as much again, nor a negative one.
std::chrono::microseconds waited_at(const Entry& entry, WallTime now);

// Whether it is really time for an entry that was found due at `now`, or that lies far ahead. An
// entry waits for its `due`; but where the clock has gone back behind the last attempt by more than
// an hour, a retry is not made to wait until the clock has caught up.
bool is_time_for(const RetryPolicy& policy, const Entry& entry, WallTime now);

// To be asked after an attempt failed, of the entry with this attempt counted in.
bool is_expired(const RetryPolicy& policy, const Entry& entry);
bool is_delay_report_due(const RetryPolicy& policy, const Entry& entry);

}  // namespace pidge::queue
