// What TLS reporting tells the log and the metrics.
#pragma once

#include "base/log.h"
#include "base/metrics.h"

namespace pidge::tlsrpt::events {

using log::Level;

inline constexpr log::Event reported{"tls-report-sent", Level::info,
                                     "A TLS report about a day was sent to a domain.", ""};
inline constexpr log::Event unreported{
    "tls-report-unsent", Level::info, "A TLS report could not be sent, or will be tried again.",
    "Nothing: the domain asks for reports at a place that cannot be reached."};

}  // namespace pidge::tlsrpt::events

namespace pidge::tlsrpt {

struct Metrics {
    metrics::Counter successes{"pidge_tls_sessions_total",
                               "Connections to mail exchangers by what came of TLS.", "result",
                               "success"};
    metrics::Counter failures{"pidge_tls_sessions_total",
                              "Connections to mail exchangers by what came of TLS.", "result",
                              "failure"};
    metrics::Counter reports{"pidge_tls_reports_total", "TLS reports sent."};
};
inline Metrics counters;

}  // namespace pidge::tlsrpt
