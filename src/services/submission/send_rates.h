// SendRates: what each sender has handed in lately, against what it may
// (mail/policy/send_limits.h). A sender is an account, or one machine of an anonymous range. In
// memory, bounded, thread-safe; after a restart counting begins anew.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>

#include "base/clock.h"
#include "mail/policy/send_limits.h"

namespace pidge::submission {

// How much happened within the last `length`, in twelfths of it: what is older than `length` and a
// twelfth no longer counts.
class RateWindow {
 public:
    explicit RateWindow(std::chrono::seconds length) : slot_(length / slots) {}

    std::uint64_t sum(SteadyTime now);
    void add(SteadyTime now, std::uint64_t amount);

 private:
    static constexpr int slots = 12;
    void advance(SteadyTime now);

    std::chrono::seconds slot_;
    std::int64_t newest_ = 0;  // number of the slot that is being filled
    std::array<std::uint64_t, slots + 1> amounts_{};
};

class SendRates {
 public:
    explicit SendRates(const Clock& clock) : clock_(clock) {}

    struct Amount {
        std::uint32_t messages = 0;
        std::uint32_t recipients_elsewhere = 0, recipients_here = 0;
    };
    // Whether the sender may hand in that much more.
    bool has_room(const std::string& sender, const policy::SendLimits& limits, Amount amount);
    // The same, and counts it if so: of two that compete for the last place one gets it.
    bool take(const std::string& sender, const policy::SendLimits& limits, Amount amount);

 private:
    struct Rates {
        explicit Rates(const policy::SendLimits& limits)
            : messages(limits.window), hour(std::chrono::hours(1)), day(std::chrono::hours(24)) {}
        RateWindow messages, hour, day;  // recipients in tenths
    };
    bool fits(Rates& rates, const policy::SendLimits& limits, Amount amount) const;
    Rates& rates_of(const std::string& sender, const policy::SendLimits& limits);

    const Clock& clock_;
    std::mutex mutex_;
    std::map<std::string, Rates> senders_;
};

}  // namespace pidge::submission
