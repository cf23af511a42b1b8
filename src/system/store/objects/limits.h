// Limits of the object store, each with its reason.
#pragma once

#include <chrono>
#include <cstddef>

namespace pidge::store::objects_limits {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

// One attempt: 256 KiB over the poorest line that one would put a store behind.
inline constexpr milliseconds connect_deadline{3'000};
inline constexpr milliseconds deadline{15'000};
// A connection that broke, an answer 500 or 503, octets that came damaged: passing, most of them.
inline constexpr int attempts = 3;
inline constexpr milliseconds repeat_pause{100};  // doubled each time
// No further attempt is begun after so long: a client waits for the end of it.
inline constexpr seconds patience{20};
// When all attempts have failed the bucket is away: for so long nobody waits for it, then one
// tries.
inline constexpr milliseconds away_first{1'000};
inline constexpr milliseconds away_longest{30'000};

// Threads for bodies that travel to and from the bucket, apart from those that read the database:
// a slow bucket holds up large bodies and nothing else.
inline constexpr std::size_t threads = 16;

// Objects that wait to be removed. What is forgotten over it is found by the sweep.
inline constexpr std::size_t erases_waiting_max = 100'000;
// A sweep lists everything that there is.
inline constexpr minutes sweep_interval{60};
inline constexpr seconds sweep_first{60};  // after the start
inline constexpr std::size_t list_octets_max = 4U << 20;
inline constexpr std::size_t list_names_max = 1'000;
// What an object store says of a request that it refuses.
inline constexpr std::size_t answer_octets_max = 64U << 10;

}  // namespace pidge::store::objects_limits
