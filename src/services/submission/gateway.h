// Gateway: what the SMTP server asks (protocols/smtp/backend.h), answered. Submission by people who
// have logged in and by machines of the anonymous ranges [O2, O3]; reception of mail for our own
// domains from anywhere. A message is answered with 250 only when it, its queue entries and its
// audit entry are durable.
//
// Thread-safe; lives as long as the program. Sessions belong to one event loop each.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>

#include "mail/audit/trail.h"
#include "mail/directory/directory.h"
#include "mail/queue/entry.h"
#include "protocols/smtp/backend.h"
#include "services/submission/authenticator.h"
#include "services/submission/send_rates.h"
#include "system/dns/resolver.h"
#include "system/store/store.h"

namespace pidge::submission {

struct GatewayOptions {
    std::string hostname;  // ours, in Received and Message-ID
    std::string node;      // of the cluster, for the audit trail
    std::uint64_t message_bytes_max = 100 * 1024 * 1024;
    std::size_t recipients_max = 1000;
    std::uint64_t reserve_bytes = 0;    // new mail waits when less is free on the disk of the store
    bool trace_shows_identity = false;  // [J20]
    bool limits_rates = true;           // mail/policy/send_limits.h
};

struct GatewayParts {
    store::Store& store;
    directory::Directory& directory;
    audit::Trail& trail;
    Authenticator& authenticator;
    const Clock& clock;
    // Hands an entry that was committed to the relay, which may lease it by name. Any thread.
    std::function<void(queue::Entry)> offer;
    // For the names of machines; null: they are not asked for.
    dns::Resolver* resolver = nullptr;
};

class Gateway final : public smtp::Backend {
 public:
    Gateway(GatewayParts parts, GatewayOptions options);
    std::unique_ptr<smtp::BackendSession> session(smtp::Connection connection) override;

    // Takes effect for new sessions. Any thread.
    void set_options(GatewayOptions options);
    std::shared_ptr<const GatewayOptions> options() const { return options_.load(); }

    GatewayParts& parts() { return parts_; }
    Guard& guessing() { return guessing_; }
    SendRates& rates() { return rates_; }

 private:
    GatewayParts parts_;
    std::atomic<std::shared_ptr<const GatewayOptions>> options_;
    SendRates rates_;
    Guard guessing_;  // unknown recipients, by network (attacks.md R07)
};

}  // namespace pidge::submission
