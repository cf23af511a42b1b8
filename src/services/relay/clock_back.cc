#include "services/relay/clock_back.h"

#include "mail/queue/backoff.h"
#include "mail/queue/entry_record.h"
#include "mail/queue/plan.h"

namespace pidge::relay {

net::Task<bool> bring_forward(RelayCore& core, store::Item item) {
    const WallTime now = core.now().wall;
    const auto entry = queue::read_entry(item.value);
    if (!entry || entry->held || entry->due <= now ||
        !queue::is_time_for(core.options.retry, *entry, now))
        co_return false;
    queue::Entry after = *entry;
    after.due = now;
    store::Change change;
    queue::plan_reschedule(change, *entry, after, std::move(item.value));
    if (!co_await core.parts.store.commit(std::move(change))) co_return false;
    core.wake(after.destination.group(), after.due);
    co_return true;
}

}  // namespace pidge::relay
