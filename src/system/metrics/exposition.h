// The metrics of the program (base/metrics.h) and of its process as text for Prometheus (text
// format 0.0.4), to be served at /metrics with this content type. Any thread.
#pragma once

#include <string>
#include <string_view>

namespace pidge::metrics {

inline constexpr std::string_view exposition_type = "text/plain; version=0.0.4; charset=utf-8";

std::string exposition();

}  // namespace pidge::metrics
