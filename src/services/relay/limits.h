// Limits of the relay, each with its reason.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace pidge::relay::limits {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

// --- the table of destinations ---
// Some 300 octets each. What does not fit is found again by the next sweep over the store.
inline constexpr std::size_t destinations_max = 200'000;
inline constexpr std::size_t sweep_page = 1000;  // groups read from the store at a time
// Groups of which the store is asked anew in one tick, so that the tick stays short.
inline constexpr std::size_t refreshed_at_once = 200;
inline constexpr seconds sweep_interval{60};         // finds what other nodes left behind
inline constexpr seconds shared_sweep_interval{15};  // the same where there are other nodes
inline constexpr seconds count_interval{60};
inline constexpr milliseconds tick_longest{1000};
inline constexpr milliseconds tick_shortest{20};  // however much falls due
inline constexpr milliseconds drain_look{20};

// --- entries that were just accepted, and are served from memory ---
inline constexpr std::size_t offered_per_destination_max = 64;
// Over all, some 2 KB each. Others are found in the store.
inline constexpr std::size_t offered_max = 10'000;

// --- leases ---
inline constexpr std::size_t lease_batch = 32;
inline constexpr std::size_t discard_batch = 256;  // one commit
// Recipients of the entries that are settled together: the outcome of each has an audit entry.
inline constexpr std::size_t batch_recipients = 5000;
// Of the outcomes of several entries; well below what the store takes in one change.
inline constexpr std::size_t commit_octets = 8U << 20;
inline constexpr std::size_t commit_operations = 50'000;
// A node that ends without giving its leases back delays them by this much where the engine keeps
// leases in the store. An attempt may take 40 minutes if the other side is slow at each step
// (RFC 5321 §4.5.3.2), and begins in the first half.
inline constexpr minutes lease_duration{90};
// What is left of a lease when its delivery is broken off, for the outcome to be written: else
// another worker would send the message at the same time. Two minutes of ninety.
inline constexpr int lease_margin_share = 45;
// Entries that share the failure to reach their destination as their attempt; the rest waits for
// the next try. Bounds what one dead destination costs at a time.
inline constexpr std::size_t shared_failure_entries = 1000;

// An outcome whose commit the store could not take is offered again: forgetting it would send the
// message twice.
inline constexpr int commit_repeats_max = 300;
inline constexpr seconds commit_pause{1};

// --- connections ---
inline constexpr std::uint32_t line_messages_max = 100;
inline constexpr minutes line_age_max{5};
inline constexpr seconds line_idle_max{3};
inline constexpr std::size_t hosts_tried_max = 10;  // RFC 5321 §5.1 asks for at least two
// RFC 5321 sets none for connecting; whoever has not answered by now is not there.
inline constexpr seconds connect_timeout{30};
inline constexpr seconds wait_max{600};  // RFC 5321 §4.5.3.2.6: the longest of its times
inline constexpr seconds tls_deadline{60};
// RFC 5321 §4.5.3.2 gives greeting and EHLO five minutes each; a host that needs that for both
// together is as good as dead, and there may be others.
inline constexpr seconds opening_deadline{330};
// RFC 5321 §4.5.3.1.8: what every server takes in one transaction.
inline constexpr std::size_t recipients_at_once = 100;
inline constexpr std::size_t body_chunk_octets = 64 * 1024;

// --- routes that change ---
inline constexpr seconds reroute_pause{1};
inline constexpr std::size_t reroute_parts = 200;  // of one entry, at a time

// --- the audit trail ---
inline constexpr std::size_t reply_octets = 1000;  // of a reply in an audit entry
// Of the replies to all recipients of an attempt; where they are many, each is cut shorter.
inline constexpr std::size_t replies_octets = 1U << 20;
inline constexpr std::size_t reply_octets_least = 100;

}  // namespace pidge::relay::limits
