#include "mail/audit/trail.h"

#include <utility>

#include "base/id.h"
#include "base/metrics.h"

namespace pidge::audit {

namespace {

metrics::Counter noted{"pidge_audit_entries_total",
                       "Entries handed to the audit log, by how they got there.", "way", "noted"};
metrics::Counter appended{"pidge_audit_entries_total",
                          "Entries handed to the audit log, by how they got there.", "way",
                          "committed"};

}  // namespace

Trail::Trail(store::Store& store, const Clock& clock, std::string log)
    : store_(store),
      clock_(clock),
      log_(std::move(log)),
      boot_(Id<struct BootTag>::make(clock.unix_ms()).bytes()),
      started_(clock.steady()) {}

Entry Trail::entry(Type type, std::string source, cbor::Map fields) const {
    return {
        .type = type,
        .wall = clock_.now(),
        .mono_ns = std::chrono::nanoseconds(clock_.steady() - started_).count(),
        .source = std::move(source),
        .boot = boot_,
        .fields = std::move(fields),
    };
}

void Trail::append(store::Change& change, const Entry& entry) const {
    appended.add();
    change.append(log_, encode(entry));
}

void Trail::note(Entry entry) {
    if (const auto written = fold_.add(std::move(entry))) write_soon(*written);
}

void Trail::flush_folded() {
    for (const Entry& entry : fold_.take()) write_soon(entry);
}

void Trail::write_soon(const Entry& entry) {
    noted.add();
    store::Change change;
    change.append(log_, encode(entry));
    change.set_urgency(store::Urgency::soon);
    store_.commit_soon(std::move(change));
}

}  // namespace pidge::audit
