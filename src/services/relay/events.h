// What the relay tells the log and the metrics.
#pragma once

#include "base/log.h"
#include "base/metrics.h"

namespace pidge::relay::events {

using log::Level;

inline constexpr log::Event delivered{
    "relay-delivered", Level::info, "A message was handed to its next host, or put into a mailbox.",
    ""};
inline constexpr log::Event deferred{"relay-deferred", Level::info,
                                     "A message could not be delivered now; it is tried again.",
                                     "Nothing, unless many go to one host: see reply."};
inline constexpr log::Event failed{"relay-failed", Level::info,
                                   "A message cannot be delivered to a recipient.",
                                   "Nothing: its sender is told, where that is safe."};
inline constexpr log::Event unreachable{
    "relay-unreachable", Level::info,
    "No host of a destination can be reached; the destination is left alone for a while.",
    "If it is one of your own: see whether it runs."};
inline constexpr log::Event unreported{
    "relay-unreported", Level::warning,
    "A message failed and nobody can be told: its sender is empty, or nothing vouches for it.",
    "Look at the audit trail of the message. Such failures are reported to the postmaster of the "
    "site's main domain: see that it has one, and that its mail arrives."};
inline constexpr log::Event lease_lost{
    "relay-lease-lost", Level::warning,
    "The outcome of an attempt was dropped, because the lease on the entry had ended.",
    "The message may arrive twice. Look for a clock that jumped or a host that was frozen."};
inline constexpr log::Event rerouted{
    "relay-rerouted", Level::info,
    "The route of a waiting message has changed: its next attempt goes the new way.", ""};
inline constexpr log::Event newer{
    "relay-entry-newer", Level::error,
    "A queue entry was written by a newer version of pidge; this node leaves it alone.",
    "Bring this node to the version of the others: it was away while they were updated."};
inline constexpr log::Event damaged{
    "relay-entry-damaged", Level::error, "A queue entry cannot be read; it is not tried any more.",
    "Restore the entry from a backup, and see whether the disk is sound."};
inline constexpr log::Event body_missing{
    "relay-body-missing", Level::error, "The body of a queued message cannot be read.",
    "Restore the store from a backup, and see whether the disk is sound."};
inline constexpr log::Event brought_forward{
    "relay-clock-went-back", Level::warning,
    "The clock has gone back; messages that would have waited for it are tried now.",
    "See why the clock was wrong: pidge needs one that is kept by NTP."};
inline constexpr log::Event body_away{
    "relay-body-away", Level::warning,
    "The body of a message lies in an object store that does not give it; the message waits.",
    "See objects-away."};
inline constexpr log::Event store_trouble{"relay-store-trouble", Level::error,
                                          "The store does not answer; the relay waits for it.",
                                          "See what the store says about itself."};

}  // namespace pidge::relay::events

namespace pidge::relay {

struct Metrics {
    metrics::Counter attempts{"pidge_relay_attempts_total", "Attempts to deliver queue entries."};
    metrics::Counter delivered{"pidge_relay_recipients_total", "Recipients by what became of them.",
                               "outcome", "delivered"};
    metrics::Counter relayed{"pidge_relay_recipients_total", "Recipients by what became of them.",
                             "outcome", "relayed"};
    metrics::Counter failed{"pidge_relay_recipients_total", "Recipients by what became of them.",
                            "outcome", "failed"};
    metrics::Counter expired{"pidge_relay_recipients_total", "Recipients by what became of them.",
                             "outcome", "expired"};
    metrics::Counter deferred{"pidge_relay_deferrals_total",
                              "Recipients that stay in the queue after an attempt."};
    metrics::Counter reports{"pidge_relay_reports_total", "Delivery status reports sent."};
    metrics::Counter unreported{"pidge_relay_unreported_total",
                                "Failures that nobody could be told of."};
    metrics::Counter lost{"pidge_relay_leases_lost_total", "Outcomes dropped for a lost lease."};
    metrics::Gauge queued{"pidge_relay_queued_entries",
                          "Queue entries, as the last sweep over the store counted them."};
    metrics::Gauge oldest{"pidge_relay_oldest_entry_seconds",
                          "Age of the oldest queue entry at the last sweep."};
    metrics::Gauge running{"pidge_relay_workers", "Connections at work or waiting for more."};
    metrics::Gauge destinations{"pidge_relay_destinations", "Destinations known to the scheduler."};
    metrics::Gauge paused{"pidge_relay_paused_destinations",
                          "Destinations that could not be reached and are left alone."};
};
inline Metrics counters;

}  // namespace pidge::relay
