// What policy discovery tells the log and the metrics.
#pragma once

#include "base/log.h"
#include "base/metrics.h"

namespace pidge::sts::events {

using log::Level;

inline constexpr log::Event fetched{"sts-policy-fetched", Level::info,
                                    "The MTA-STS policy of a domain was fetched.", ""};
inline constexpr log::Event unfetched{
    "sts-policy-unfetched", Level::warning,
    "A domain announces an MTA-STS policy that cannot be had; what is kept of it holds on.",
    "Nothing: its owner is told in the next TLS report."};

}  // namespace pidge::sts::events

namespace pidge::sts {

struct Metrics {
    metrics::Counter fetches{"pidge_sts_policies_fetched_total", "MTA-STS policies fetched."};
    metrics::Counter failures{"pidge_sts_policies_failed_total",
                              "MTA-STS policies that could not be fetched."};
};
inline Metrics counters;

}  // namespace pidge::sts
