// Reporter: sends each domain that asks for it, once a day, the report about the day before (RFC
// 8460): as mail by the queue, and by HTTPS. Deviation (RFC 8460 §3): the mail has no DKIM
// signature, so a strict receiver ignores it; by HTTPS none is needed.
//
// One coroutine at a time calls work(); several nodes may do so on one store.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "formats/tlsrpt/record.h"
#include "mail/audit/trail.h"
#include "mail/queue/entry.h"
#include "services/tlsrpt/day_record.h"
#include "system/dns/resolver.h"
#include "system/http/fetcher.h"
#include "system/store/store.h"

namespace pidge::tlsrpt {

class Reporter {
 public:
    // All of it outlives the reporter.
    struct Parts {
        store::Store& store;
        const Clock& clock;
        const audit::Trail& trail;
        dns::Resolver& resolver;
        std::function<net::Task<pidge::Result<http::Fetched>>(http::FetchRequest)> post;
        // How mail to this address travels; nullopt: it cannot be sent anywhere.
        std::function<std::optional<queue::Destination>(const address::Mailbox&)> route;
        std::function<void(store::DueGroup group, WallTime due)> wake;  // after a commit
        // Who reports: an address in a domain of ours; nullopt: nobody yet, so nothing is sent.
        std::function<std::optional<address::Mailbox>()> contact;
    };
    explicit Reporter(Parts parts) : parts_(std::move(parts)) {}

    // Sends what is due now, and forgets days that are long over. Throws store::Fault,
    // Gone(shutdown).
    net::Task<void> work();

 private:
    struct Due {
        DayKey key;
        Bytes record;
        Day day;
    };
    struct Sent {
        store::Change change;
        std::vector<queue::Destination> wakes;
        bool has_reached = false;
    };

    net::Task<void> look_at(const DayKey& key, Bytes record);
    net::Task<void> send(Due due, address::Mailbox contact);
    net::Task<void> post(const Place& place, const Bytes& gzip, Sent& sent);
    net::Task<void> plan_mail(const Report& report, const Place& place, const Bytes& gzip,
                              Sent& sent);
    net::Task<void> settle(Due due, Sent sent);
    WallTime first_try(const DayKey& key) const;

    const Parts parts_;
};

}  // namespace pidge::tlsrpt
