// Relay: takes due entries out of the queue, has them brought to where they go, and commits what
// came of it, with its audit entries and reports, in one change each.
//
//   Relay relay({.store = …}, {…});
//   relay.start();             // knows nothing yet, is ready at once, learns page by page
//   …commit of an acceptance…; relay.offer(std::move(entry));
//   co_await relay.drain();    // starts nothing new, finishes what is under way
//
// Any number of relays may run on one store, in one process or many: leases keep them apart. All
// functions may be called from any thread; the parts outlive the relay, the loops outlive its
// coroutines. Destroy it after drain(), or after the loops have stopped.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "formats/address/mailbox.h"
#include "mail/audit/trail.h"
#include "mail/queue/backoff.h"
#include "mail/queue/entry.h"
#include "services/relay/courier.h"
#include "services/relay/destinations.h"
#include "system/net/loop.h"
#include "system/store/store.h"

namespace pidge::relay {

struct RelayParts {
    store::Store& store;
    const Clock& clock;
    const audit::Trail& trail;
    Courier& courier;
    std::vector<net::Loop*> loops;  // workers are spread over them; at least one
    // How a report to this address travels; nullopt: it cannot be sent anywhere. Any thread.
    std::function<std::optional<queue::Destination>(const address::Mailbox&)> route;
    // Where mail for this address goes by the routes as they are now. Any thread. Null: where it
    // went when it was accepted.
    std::function<queue::Destination(const address::Mailbox&)> destination_of = nullptr;
    // Whether addresses of this domain are the site's own. Any thread.
    std::function<bool(const std::string& domain)> is_ours;
};

struct RelayOptions {
    std::string own_name;  // of this host, in reports and their Message-ID
    // Who hears of messages that fail and whose sender must not be told (null reverse-path, or not
    // vouched for). Nullopt: only log and audit trail do.
    std::optional<address::Mailbox> postmaster;
    queue::RetryPolicy retry;
    DestinationOptions destinations;
    std::uint32_t line_messages_max = limits::line_messages_max;
    std::chrono::milliseconds line_idle_max = limits::line_idle_max;
    std::chrono::seconds sweep_interval = limits::sweep_interval;
    std::chrono::seconds lease_duration = limits::lease_duration;
};

struct RelayStatus {
    Destinations::Counts destinations;
    // As the last sweep over the store counted them.
    std::uint64_t queued = 0;
    std::optional<WallTime> oldest;  // when the oldest of them arrived
    bool has_swept = false;          // the whole store was looked over once
    bool is_draining = false;
};

struct RelayCore;

class Relay {
 public:
    Relay(RelayParts parts, RelayOptions options);
    ~Relay();
    Relay(const Relay&) = delete;
    Relay& operator=(const Relay&) = delete;

    void start();
    // After a commit that schedules. A hint: what nobody woke is found by the sweeps.
    void wake(store::DueGroup group, WallTime due);
    // The same with the entry itself, if the commit was made with store::Change::offer_scheduled:
    // it need not be looked for and read back then.
    void offer(queue::Entry entry);
    // As wake() when an administrator asks: a destination that pauses, because it could not be
    // reached, is tried at once.
    void retry(store::DueGroup group, WallTime due);
    // Looks at the clock again now instead of at the next tick; for tests that move it.
    void look();
    net::Task<void> drain();
    RelayStatus status() const;

 private:
    std::shared_ptr<RelayCore> core_;
};

}  // namespace pidge::relay
