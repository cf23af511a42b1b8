#include "services/submission/guard.h"

namespace pidge::submission {

namespace {

// Memory for a flood from many networks: at about 100 octets each, 20 MB. Beyond it counting starts
// anew.
constexpr std::size_t networks_max = 200'000;

}  // namespace

net::Network Guard::network_of(const net::Address& client) const {
    return net::Network::around(client, client.is_v6() ? limits_.v6_bits : limits_.v4_bits);
}

Guard::Counts* Guard::find(const net::Address& client) {
    const auto found = counts_.find(network_of(client));
    if (found == counts_.end()) return nullptr;
    Counts& counts = found->second;
    const SteadyTime now = clock_.steady();
    if (now - counts.window_start >= limits_.window) {
        counts.window_start = now;
        counts.in_window = 0;
    }
    if (now - counts.day_start >= std::chrono::hours(24)) {
        counts.day_start = now;
        counts.in_day = 0;
    }
    return &counts;
}

void Guard::count(const net::Address& client) {
    const std::lock_guard lock(mutex_);
    Counts* counts = find(client);
    if (!counts) {
        if (counts_.size() >= networks_max) counts_.clear();
        const SteadyTime now = clock_.steady();
        counts = &counts_.emplace(network_of(client), Counts{now, now, 0, 0}).first->second;
    }
    ++counts->in_window;
    ++counts->in_day;
}

bool Guard::is_enough(const net::Address& client) {
    const std::lock_guard lock(mutex_);
    const Counts* counts = find(client);
    return counts && (counts->in_window >= limits_.per_window || counts->in_day >= limits_.per_day);
}

}  // namespace pidge::submission
