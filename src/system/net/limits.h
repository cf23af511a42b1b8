// Limits of system/net. Each stands with its reason.
#pragma once

#include <chrono>
#include <cstddef>

namespace pidge::net::limits {

// Grain of stream deadlines: one pass over a loop's streams each tick, so 10,000 of them cost
// 20,000 looks a second.
inline constexpr std::chrono::milliseconds deadline_tick{500};
// How long coroutines get to unwind after they were interrupted; what they hold (files, locks of
// peers) frees at once. Longer than a store that is to hurry lets them wait.
inline constexpr std::chrono::milliseconds unwind_patience{10'000};
// Of connections that we made: a silent peer is asked whether it is there after so many seconds,
// then at this pace, and is taken for gone after so many questions without an answer. A network
// that was lost for a while leaves connections that one side has forgotten.
inline constexpr int keepalive_idle_s = 30;
inline constexpr int keepalive_interval_s = 10;
inline constexpr int keepalive_count = 3;
// An in-memory pipe holds this much unless told otherwise: more than one TLS record, less than a
// message.
inline constexpr std::size_t memory_pipe_octets = 64 * 1024;
// Accepts per wake-up, so that a flood of connections cannot keep the loop from its streams.
inline constexpr int accept_batch = 64;
// Connections waiting in the kernel; it caps this at net.core.somaxconn.
inline constexpr int listen_backlog = 4096;
// Pause after accept failed for want of descriptors or memory; long enough not to spin, short
// enough not to be noticed.
inline constexpr std::chrono::milliseconds accept_pause{200};
// Descriptors that connections from outside may not take, at most and as a share of all there may
// be: the store fails for good where it cannot open its next file, and mail has to go out too.
inline constexpr unsigned long descriptors_kept = 256;
inline constexpr unsigned long descriptors_kept_share = 4;
// Pause before a job that must not end begins anew after an unexpected error.
inline constexpr std::chrono::milliseconds lasting_pause{500};
// A line about refused connections at most this often, with their number.
inline constexpr std::chrono::milliseconds refusal_log_pause{1000};
// Connections of one listener: all, of one /32 or /64, of one /24 or /48 (attacks.md F14).
inline constexpr std::size_t connections = 20'000;
inline constexpr std::size_t connections_per_host = 20;
inline constexpr std::size_t connections_per_network = 100;
// Unread octets taken from the kernel at shutdown(), so that close does not turn our goodbye into a
// reset.
inline constexpr std::size_t discard_at_shutdown_octets = 256 * 1024;
// PROXY protocol: a v1 line has at most 107 octets; a v2 header 16 and a body, of which 216 are
// addresses and the rest TLVs (certificate names, ids); more than 4 KiB is no balancer.
inline constexpr std::size_t proxy_v1_octets = 107;
inline constexpr std::size_t proxy_v2_body_octets = 4096;
// Sockets that systemd may pass; a unit has a handful.
inline constexpr int inherited_sockets = 256;

}  // namespace pidge::net::limits
