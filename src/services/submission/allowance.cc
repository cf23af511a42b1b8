#include "services/submission/allowance.h"

#include <algorithm>

namespace pidge::submission {

using Kind = policy::Submitter::Kind;

const policy::SendLimits* Allowance::limits(Kind kind) const {
    if (!options_.limits_rates) return nullptr;
    // What runs on this very machine is its administrator's.
    if (kind == Kind::range && client_.is_loopback()) return nullptr;
    return policy::find_send_limits(kind);
}

std::string Allowance::sender(const policy::Submitter& submitter) const {
    return submitter.kind == Kind::range
               ? net::Network::around(client_, client_.is_v6() ? 64 : 32).text()
               : submitter.id;
}

std::size_t Allowance::recipients_max(Kind kind) const {
    const policy::SendLimits* own = limits(kind);
    return own && own->recipients_per_message > 0
               ? std::min<std::size_t>(options_.recipients_max, own->recipients_per_message)
               : options_.recipients_max;
}

bool Allowance::has_room(const policy::Submitter& submitter, SendRates::Amount amount) const {
    const policy::SendLimits* own = limits(submitter.kind);
    return !own || rates_.has_room(sender(submitter), *own, amount);
}

bool Allowance::take(const policy::Submitter& submitter, SendRates::Amount amount) const {
    const policy::SendLimits* own = limits(submitter.kind);
    return !own || rates_.take(sender(submitter), *own, amount);
}

}  // namespace pidge::submission
