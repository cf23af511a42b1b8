// Allowance: how much one client may hand in, by what the configuration says and by who is sending
// (mail/policy/send_limits.h). Used by one session; options and rates outlive it.
#pragma once

#include <string>

#include "mail/policy/submitter.h"
#include "services/submission/gateway.h"
#include "system/net/endpoint.h"

namespace pidge::submission {

class Allowance {
 public:
    Allowance(SendRates& rates, const GatewayOptions& options, const net::Address& client)
        : rates_(rates), options_(options), client_(client) {}

    // Of one message.
    std::size_t recipients_max(policy::Submitter::Kind kind) const;
    // As in SendRates; true for whoever is not limited.
    bool has_room(const policy::Submitter& submitter, SendRates::Amount amount) const;
    bool take(const policy::Submitter& submitter, SendRates::Amount amount) const;

 private:
    // Null: not limited.
    const policy::SendLimits* limits(policy::Submitter::Kind kind) const;
    // Whom it is counted for: an account, or one machine.
    std::string sender(const policy::Submitter& submitter) const;

    SendRates& rates_;
    const GatewayOptions& options_;
    const net::Address client_;
};

}  // namespace pidge::submission
