// SendLimits: how much a sender may hand in within a time (attacks.md §4).
#pragma once

#include <chrono>
#include <cstdint>

#include "mail/policy/submitter.h"

namespace pidge::policy {

struct SendLimits {
    std::uint32_t messages = 0;  // within `window`
    std::chrono::seconds window{60};
    // Recipients elsewhere; those of our own domains count a tenth.
    std::uint32_t recipients_per_hour = 0, recipients_per_day = 0;
    std::uint32_t recipients_per_message = 0;  // 0: as many as the site takes
};

// Null: not limited (what comes from outside is bounded by what it may reach).
const SendLimits* find_send_limits(Submitter::Kind kind);

}  // namespace pidge::policy
