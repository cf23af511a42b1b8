#include "services/submission/send_rates.h"

#include <algorithm>
#include <numeric>

namespace pidge::submission {

namespace {

// About 500 octets each. Beyond it those go that have sent nothing for a day, and if there are
// none, all.
constexpr std::size_t senders_max = 100'000;
// A recipient here counts as one of these, one elsewhere as ten.
constexpr std::uint64_t tenths = 10;

std::uint64_t weight_of(SendRates::Amount amount) {
    return amount.recipients_elsewhere * tenths + amount.recipients_here;
}

}  // namespace

void RateWindow::advance(SteadyTime now) {
    const std::int64_t slot =
        std::chrono::duration_cast<std::chrono::seconds>(now.time_since_epoch()) / slot_;
    for (std::int64_t passed = std::min<std::int64_t>(slot - newest_, slots + 1); passed > 0;
         --passed)
        amounts_[static_cast<std::size_t>(slot - passed + 1) % amounts_.size()] = 0;
    newest_ = std::max(newest_, slot);
}

std::uint64_t RateWindow::sum(SteadyTime now) {
    advance(now);
    return std::accumulate(amounts_.begin(), amounts_.end(), std::uint64_t{0});
}

void RateWindow::add(SteadyTime now, std::uint64_t amount) {
    advance(now);
    amounts_[static_cast<std::size_t>(newest_) % amounts_.size()] += amount;
}

SendRates::Rates& SendRates::rates_of(const std::string& sender, const policy::SendLimits& limits) {
    const auto found = senders_.find(sender);
    if (found != senders_.end()) return found->second;
    if (senders_.size() >= senders_max) {
        const SteadyTime now = clock_.steady();
        for (auto each = senders_.begin(); each != senders_.end();)
            each = each->second.day.sum(now) == 0 ? senders_.erase(each) : std::next(each);
        if (senders_.size() >= senders_max) senders_.clear();
    }
    return senders_.emplace(sender, Rates(limits)).first->second;
}

bool SendRates::fits(Rates& rates, const policy::SendLimits& limits, Amount amount) const {
    const SteadyTime now = clock_.steady();
    const std::uint64_t weight = weight_of(amount);
    return rates.messages.sum(now) + amount.messages <= limits.messages &&
           rates.hour.sum(now) + weight <= limits.recipients_per_hour * tenths &&
           rates.day.sum(now) + weight <= limits.recipients_per_day * tenths;
}

bool SendRates::has_room(const std::string& sender, const policy::SendLimits& limits,
                         Amount amount) {
    const std::lock_guard lock(mutex_);
    return fits(rates_of(sender, limits), limits, amount);
}

bool SendRates::take(const std::string& sender, const policy::SendLimits& limits, Amount amount) {
    const std::lock_guard lock(mutex_);
    Rates& rates = rates_of(sender, limits);
    if (!fits(rates, limits, amount)) return false;
    const SteadyTime now = clock_.steady();
    rates.messages.add(now, amount.messages);
    rates.hour.add(now, weight_of(amount));
    rates.day.add(now, weight_of(amount));
    return true;
}

}  // namespace pidge::submission
