#include "mail/queue/plan.h"

#include "base/check.h"
#include "mail/queue/entry_record.h"

namespace pidge::queue {

namespace {

using store::Space;

void schedule(store::Change& change, const Entry& entry) {
    if (!entry.held) change.schedule(entry.destination.group(), entry.due, entry.id.key());
}

}  // namespace

void plan_enqueue(store::Change& change, const std::vector<Entry>& entries,
                  const store::Blob& body) {
    for (const Entry& entry : entries) {
        check(!entry.recipients.empty(), "a queue entry has recipients");
        check(entry.body == body.id, "a queue entry names its own body");
        change.put_new(Space::queue, entry.id.key(), record_of(entry));
        change.hold(body);
        schedule(change, entry);
    }
}

void plan_end(store::Change& change, const Entry& entry, const store::Lease& lease) {
    check(lease.item == entry.id.key(), "the lease is of this entry");
    change.finish(lease);
    change.erase(Space::queue, entry.id.key());
    change.drop(entry.body);
}

void plan_defer(store::Change& change, const Entry& entry, const store::Lease& lease) {
    check(lease.item == entry.id.key(), "the lease is of this entry");
    check(!entry.recipients.empty(), "a queue entry has recipients");
    change.finish(lease);
    change.put(Space::queue, entry.id.key(), record_of(entry));
    schedule(change, entry);
}

void plan_part(store::Change& change, const Entry& entry, const std::vector<Entry>& parts,
               const store::Lease& lease) {
    check(lease.item == entry.id.key(), "the lease is of this entry");
    check(!parts.empty() && parts.front().id == entry.id, "an entry keeps its id");
    change.finish(lease);
    change.put(Space::queue, entry.id.key(), record_of(parts.front()));
    schedule(change, parts.front());
    for (const Entry& part : std::span(parts).subspan(1)) {
        change.put_new(Space::queue, part.id.key(), record_of(part));
        change.hold({.id = entry.body, .size_bytes = entry.body_bytes});
        schedule(change, part);
    }
}

void plan_reschedule(store::Change& change, const Entry& before, const Entry& after, Bytes stored) {
    check(before.id == after.id, "an entry keeps its id");
    check(before.body == after.body, "an entry keeps its body");
    change.check_equals(Space::queue, before.id.key(), std::move(stored));
    if (!before.held) change.unschedule(before.destination.group(), before.due, before.id.key());
    change.put(Space::queue, after.id.key(), record_of(after));
    schedule(change, after);
}

void plan_remove(store::Change& change, const Entry& entry, Bytes stored) {
    change.check_equals(Space::queue, entry.id.key(), std::move(stored));
    if (!entry.held) change.unschedule(entry.destination.group(), entry.due, entry.id.key());
    change.erase(Space::queue, entry.id.key());
    change.drop(entry.body);
}

}  // namespace pidge::queue
