// Reports about queue entries, as messages that are ready to be queued (formats/dsn).
#pragma once

#include <string>
#include <string_view>

#include "base/clock.h"
#include "mail/queue/entry.h"
#include "mail/queue/outcome.h"
#include "system/net/task.h"
#include "system/store/store.h"

namespace pidge::relay {

// Entry::principal of reports: they are made here and come from nobody.
inline constexpr std::string_view report_principal = "mailer-daemon";

struct ReportContext {
    std::string own_name;
    address::Mailbox from, to;
    std::string id;  // unique; of the Message-ID
    WallTime now;
    WallTime gives_up;  // about when, if it goes on like this; for delay reports
};

struct WrittenReport {
    store::Blob body;
    bool is_eight_bit = false;
    bool needs_smtputf8 = false;
};

std::string_view report_name(queue::Report::Kind kind);  // "failure"

// Its last part holds the header of the message, or all of it where RET=FULL was given by a sender
// who logged in (attacks.md R06) and it is small. Throws store::Fault.
net::Task<WrittenReport> write_report(store::Store& store, const queue::Entry& entry,
                                      const queue::Report& report, ReportContext context);

}  // namespace pidge::relay
