// Limits of the PostgreSQL engine, each with its reason.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace pidge::store::postgres_limits {

using std::chrono::milliseconds;
using std::chrono::seconds;

// All hosts are asked at the same time; the machine of a primary that died answers nothing at all.
// The conninfo may say otherwise, within a bound.
inline constexpr seconds connect_timeout{2};
inline constexpr seconds connect_timeout_max{60};
// A host that declines (a standby) is asked again after this, while another has not answered.
inline constexpr milliseconds ask_again{200};
// Between two attempts to reach a primary; a failover takes seconds.
inline constexpr milliseconds reconnect_pause_first{20};
inline constexpr milliseconds reconnect_pause_longest{250};
// What a closing store gives a database that does not answer, for all that it has still to say. An
// attempt to connect that is under way comes on top.
inline constexpr seconds closing_patience{5};
// How soon a wait for an answer notices that the store is closing.
inline constexpr milliseconds wait_step{500};
// A failed read is tried again on other connections for so long: longer than a frozen primary takes
// to be replaced, so that sessions wait for it.
inline constexpr seconds read_patience{40};

// A group that lost a race (a key that somebody else put first, a deadlock) is run again. More
// races than this in a row are no accident.
inline constexpr int group_attempts_max = 50;

// A node that shows no sign of life for so long has lost its leases; a sign is given in each beat.
inline constexpr seconds holder_life{15};
inline constexpr milliseconds holder_beat{3000};
// For one sign, which is repeated after the pause if it was not answered; a closing store waits for
// it.
inline constexpr seconds beat_patience{5};
inline constexpr milliseconds beat_pause{200};
// What a lost attempt may have leased is taken back in so many beats in which commits went through,
// a minute: longer than a server can have it without doing it.
inline constexpr int doubtful_beats = 20;
// So long after the last sign that was answered a node can be certain of its leases: two seconds
// less, for what is on its way and for clocks of database servers that differ.
inline constexpr seconds holder_certain{13};
// Signs that follow each other within this show a database that is there. One that was away for
// less costs nobody its leases: a beat, this, and the next beat are shorter than holder_life.
inline constexpr seconds holder_gap{8};

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
