// Transport: how mail leaves: the resolver, what other domains ask for (DANE, MTA-STS), the
// passwords of next hops, and the courier that uses all that. Built by Assembly, which it lives in.
#pragma once

#include <atomic>
#include <functional>
#include <memory>

#include "base/clock.h"
#include "mail/audit/trail.h"
#include "mail/directory/directory.h"
#include "program/config/config.h"
#include "services/relay/courier.h"
#include "services/tlsrpt/tally.h"
#include "system/crypto/secret.h"
#include "system/dns/resolver.h"
#include "system/net/endpoint.h"
#include "system/net/pool.h"
#include "system/net/runtime.h"
#include "system/store/store.h"

namespace pidge::http {
class Fetcher;
}
namespace pidge::relay {
class SmtpCourier;
}
namespace pidge::sts {
class Policies;
}
namespace pidge::tlsrpt {
class Reporter;
}

namespace pidge::program {

// All of it outlives the transport.
struct TransportParts {
    store::Store& store;
    directory::Directory& directory;
    const Clock& clock;
    net::Pool& pool;  // for files
    const audit::Trail& trail;
    // Of the relay: that something falls due.
    std::function<void(store::DueGroup group, WallTime due)> wake;
    // Whether this node does what one of all has to do.
    std::function<bool()> leads;
    // Where mail from other sites is taken at the moment. On any loop; does not wait.
    std::function<std::vector<net::Endpoint>()> listening;
};

class Transport {
 public:
    // Refusals are for the administrator.
    static Result<std::unique_ptr<Transport>> create(const config::Config& config,
                                                     TransportParts parts);
    ~Transport();

    relay::Courier& courier();
    dns::Resolver& resolver() { return *resolver_; }

    // Spawns what has to be done now and then. Once, before the loops stop.
    void start(net::Runtime& runtime);
    // Breaks off what others are waited for; deliveries that need it wait for the next start.
    void stop();
    // Writes what is counted and was not yet written; after the loops have stopped. Throws
    // store::Fault.
    net::Task<void> finish() { return tally_.flush(); }

 private:
    explicit Transport(TransportParts parts);
    Result<void> build(const config::Config& config);
    void build_reporter();
    static net::Task<void> upkeep(Transport& self);
    net::Task<void> upkeep_once(int tick);
    static net::Task<Result<crypto::Secret>> password_of(Transport& self,
                                                         queue::Destination destination);

    const TransportParts parts_;
    std::atomic<bool> is_stopping_ = false;
    std::unique_ptr<dns::Resolver> resolver_;
    std::unique_ptr<http::Fetcher> fetcher_;
    std::unique_ptr<sts::Policies> policies_;
    tlsrpt::Tally tally_;
    std::unique_ptr<tlsrpt::Reporter> reporter_;
    std::unique_ptr<relay::SmtpCourier> courier_;
};

}  // namespace pidge::program
