// Limits of the store, each with its reason.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace pidge::store::limits {

// Changes that may wait for the committer: as many as a thousand sessions with a few changes each.
// Over it the store is overloaded and says so at once (Fault unavailable), instead of answering
// after everyone's deadline.
inline constexpr std::size_t waiting_changes_max = 8192;
// Their bytes: a full house of small bodies, and still small beside a machine of 512 MB.
inline constexpr std::size_t waiting_bytes_max = 64U << 20;
// One change: the largest is an expanded list of 10 000 members with their records. Bodies are not
// part of it.
inline constexpr std::size_t change_bytes_max = 32U << 20;
inline constexpr std::size_t change_operations_max = 200'000;

// One group, one log write: large enough to share a sync among all sessions, small enough that
// those who wait behind it do not wait long for the bytes to be written.
inline constexpr std::size_t group_changes_max = 2048;
inline constexpr std::size_t group_bytes_max = 16U << 20;
// How long a group waits for more at most, however slow the disk: then they come while it writes.
inline constexpr std::chrono::steady_clock::duration gathering_max = std::chrono::milliseconds(2);
// How long a change that nobody waits for may stay behind.
inline constexpr std::chrono::milliseconds soon_delay{100};

// Keys are addresses, identifiers and times. RocksDB and PostgreSQL's btree both like them small.
inline constexpr std::size_t key_bytes_max = 2048;
// A value: an entry of 1 000 recipients, a Sieve script. Larger things are blobs.
inline constexpr std::size_t value_bytes_max = 8U << 20;

// A body up to this travels inside its commit: one write instead of two, and most mail is smaller.
inline constexpr std::size_t inline_blob_bytes = 64U << 10;
// Larger ones are written ahead in pieces of this size; each upload holds two of them in memory.
inline constexpr std::size_t chunk_bytes = 256U << 10;
inline constexpr std::uint64_t blob_bytes_max = 4ULL << 30;
// How long a finished upload waits for the commit that holds it: any session's deadline is shorter.
inline constexpr std::chrono::hours upload_age_max{1};
// The same where others share the store, from its begin: the longest transaction comes on top.
inline constexpr std::chrono::hours foreign_upload_age_max{6};
inline constexpr std::chrono::minutes sweep_interval{60};
// Uploads, or tokens, that one change of the sweep removes.
inline constexpr std::size_t sweep_step = 200;
// Tokens are for repeating a commit whose answer was lost, which happens within minutes.
inline constexpr std::chrono::hours token_age_max{24 * 7};

// Threads for reads that miss the caches and for writing uploads ahead. Disks of small machines
// serve few at a time.
inline constexpr std::size_t pool_threads = 4;
// Jobs that may wait for them; over it the store says that it is too busy.
inline constexpr std::size_t pool_jobs_max = 4096;

// A scan returns at most this much in one piece, whatever limit was asked for; the caller goes on
// after the last key.
inline constexpr std::size_t scan_items_max = 100'000;
// One read of a blob.
inline constexpr std::size_t blob_read_bytes_max = 16U << 20;

// Leases at one time: all deliveries in flight, many times over.
inline constexpr std::size_t leases_max = 1'000'000;
// Items that may be leased by name because they were scheduled just now. Of what comes on top the
// oldest have to be looked for like all others.
inline constexpr std::size_t offered_items_max = 4096;
// Groups of due items that are remembered after their last lease; of others the next scan begins at
// the beginning.
inline constexpr std::size_t idle_groups_max = 10'000;

// The disk counts as nearly full from here on.
inline constexpr unsigned low_space_percent_used = 95;

}  // namespace pidge::store::limits
