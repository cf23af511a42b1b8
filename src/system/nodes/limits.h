// Times of the cluster, each with its reason.
#pragma once

#include <chrono>
#include <cstddef>

namespace pidge::nodes::limits {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

// Where several nodes share a store: one small commit each three seconds.
inline constexpr seconds beat_shared{3};
// Where a store belongs to one machine nobody waits for its word.
inline constexpr seconds beat_alone{10};
// How soon a node notices that it is to look at its row at once, or to end.
inline constexpr std::chrono::milliseconds tick{100};
// A node that has been silent for this long is down: five beats, and longer than the store takes to
// fail over to another server after a kill. Nothing of a node's work hangs on it, but who leads.
inline constexpr seconds silent{15};
// A node that has had no word with the store for this long sends clients elsewhere. The store's own
// failover from a frozen server takes 25 seconds, during which elsewhere is no better: clients wait
// where they are.
inline constexpr seconds cut_off{30};
// A node that went silent without a good-bye may be frozen or cut off, and come back: the formats
// it can read count for this long.
inline constexpr minutes vanished_counts{10};
// A row of a node that is down is forgotten.
inline constexpr hours forgotten{24 * 30};
inline constexpr std::size_t nodes_max = 1000;

// How often the row of a name is looked at that another run on this machine may still have.
inline constexpr std::chrono::milliseconds doubt_look{250};

// Nodes that join at one moment disturb each other's commits; each round one gets through.
inline constexpr int join_attempts = 50;

}  // namespace pidge::nodes::limits
