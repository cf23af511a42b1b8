// Limits of the PostgreSQL engine, each with its reason.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace pidge::store::postgres_limits {

using std::chrono::milliseconds;
using std::chrono::seconds;

// Per host. The machine of a primary that died answers nothing at all.
inline constexpr seconds connect_timeout{2};
// Between two attempts to reach a primary; a failover takes seconds.
inline constexpr milliseconds reconnect_pause_first{20};
inline constexpr milliseconds reconnect_pause_longest{500};
// What a closing store gives a database that does not answer, for all that it has still to say. An
// attempt to connect that is under way comes on top.
inline constexpr seconds closing_patience{5};
// How soon a wait for an answer notices that the store is closing.
inline constexpr milliseconds wait_step{500};
// A failed read is tried again on other connections for so long.
inline constexpr seconds read_patience{10};

// A group that lost a race (a key that somebody else put first, a deadlock) is run again. More
// races than this in a row are no accident.
inline constexpr int group_attempts_max = 50;

// A node that shows no sign of life for so long has lost its leases; a sign is given in each beat.
inline constexpr seconds holder_life{15};
inline constexpr milliseconds holder_beat{3000};

// Subjects that wait to be sent to the other nodes; over it they are told to look at everything.
inline constexpr std::size_t hints_waiting_max = 1000;
// Hints of this long go together.
inline constexpr milliseconds hint_pause{10};
// PostgreSQL takes less than 8000 octets at a time.
inline constexpr std::size_t notification_octets_max = 7900;
// Without any hint a listener is told to look at everything so often.
inline constexpr seconds hint_poll{60};
// Whether the server is still there is asked so often.
inline constexpr seconds listen_look{5};

// A full disk is tried again so often, with a write of this size: what one group of changes may
// bring. Less would be used up by the next large message, and the store would be full again.
inline constexpr seconds full_look_first{1};
inline constexpr seconds full_look_longest{10};
inline constexpr std::size_t full_try_bytes = 16U << 20;

// One page of a scan: rows travel whole.
inline constexpr std::size_t page_rows = 2000;
// Snapshots at one time; each keeps a connection, and the database from tidying up.
inline constexpr std::size_t snapshots_max = 8;

// The oldest server whose planner and EXTRACT are what the statements expect.
inline constexpr int server_version_min = 140000;

}  // namespace pidge::store::postgres_limits
