// Recorder: turns what came of an attempt into the one change that records it: the entry ended or
// deferred, audit entries for the attempt and for each settled recipient, reports as new queue
// entries.
#pragma once

#include <string>
#include <vector>

#include "mail/queue/outcome.h"
#include "services/relay/relay.h"
#include "system/store/change.h"

namespace pidge::relay {

// An attempt as the trail tells it.
struct Told {
    queue::Attempt attempt;
    LineInfo where;  // the line that the results come from
    std::vector<HostNote> tried;
    bool is_converted = false;  // to seven bits
};

struct Planned {
    store::Change change;
    struct Wake {
        store::DueGroup group;
        WallTime due;
    };
    std::vector<Wake> wakes;  // to be given to the scheduler after the commit
    queue::Outcome outcome;
    int reports = 0;
    bool is_unreported = false;  // a failure that nobody is told of
};

class Recorder {
 public:
    Recorder(const RelayParts& parts, const RelayOptions& options)
        : parts_(parts), options_(options) {}

    net::Task<Planned> plan(const Job& job, const Told& told);
    // Log and metrics, once the change is committed.
    void tell(const Job& job, const Told& told, const Planned& planned) const;

 private:
    void audit(Planned& planned, const queue::Entry& entry, const Told& told,
               const queue::Outcome& outcome);
    net::Task<void> plan_reports(Planned& planned, const queue::Entry& entry,
                                 const queue::Outcome& outcome);
    net::Task<void> plan_report(Planned& planned, const queue::Entry& entry,
                                const queue::Report& report, address::Mailbox to,
                                std::uint16_t index);
    bool may_tell(const queue::Entry& entry) const;
    WallTime gives_up(const queue::Entry& entry, WallTime now) const;

    const RelayParts& parts_;
    const RelayOptions& options_;
};

}  // namespace pidge::relay
