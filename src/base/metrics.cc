#include "base/metrics.h"

#include <algorithm>
#include <mutex>
#include <tuple>

namespace pidge::metrics {

namespace {
struct Registry {
    std::mutex mutex;
    std::vector<const Metric*> metrics;
};
Registry& registry() {
    static Registry instance;
    return instance;
}
}  // namespace

Metric::Metric(Kind kind_, std::string_view name_, std::string_view help_,
               std::string_view label_name_, std::string_view label_value_)
    : kind(kind_), name(name_), help(help_), label_name(label_name_), label_value(label_value_) {
    const std::lock_guard lock(registry().mutex);
    registry().metrics.push_back(this);
}

std::vector<const Metric*> all() {
    const std::lock_guard lock(registry().mutex);
    auto metrics = registry().metrics;
    std::ranges::sort(metrics, {},
                      [](const Metric* m) { return std::tuple(m->name, m->label_value); });
    return metrics;
}

}  // namespace pidge::metrics
