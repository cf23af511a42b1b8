#include "services/relay/clock_back.h"

#include "mail/queue/backoff.h"
#include "mail/queue/entry_record.h"
#include "mail/queue/plan.h"
#include "services/relay/events.h"
#include "services/relay/limits.h"

namespace pidge::relay {

namespace {

constexpr std::chrono::microseconds step_least = std::chrono::minutes(1);

net::Task<bool> make_due(RelayCore& core, const queue::Entry& before, Bytes record, WallTime now) {
    queue::Entry after = before;
    after.due = now;
    store::Change change;
    queue::plan_reschedule(change, before, after, std::move(record));
    if (!co_await core.parts.store.commit(std::move(change))) co_return false;
    core.wake(after.destination.group(), after.due);
    co_return true;
}

}  // namespace

bool has_gone_back(const Now& from, const Now& to) {
    const auto passed =
        std::chrono::duration_cast<std::chrono::microseconds>(to.steady - from.steady);
    return to.wall - from.wall + step_least < passed;
}

net::Task<void> bring_forward(RelayCore& core) {
    std::uint64_t brought = 0;
    store::ScanOptions options{.limit = limits::sweep_page};
    while (!core.table.is_stopped()) {
        auto items = co_await core.parts.store.scan(store::Space::queue, options);
        const bool is_last = items.size() < limits::sweep_page;
        if (!items.empty()) options.from = items.back().key + '\0';
        for (store::Item& item : items) {
            const WallTime now = core.now().wall;
            const auto entry = queue::read_entry(item.value);
            if (!entry || entry->held || entry->due <= now ||
                !queue::is_time_for(core.options.retry, *entry, now))
                continue;
            if (co_await make_due(core, *entry, std::move(item.value), now)) ++brought;
        }
        if (is_last) break;
    }
    if (brought > 0) log::write(events::brought_forward, {{"entries", brought}});
}

}  // namespace pidge::relay
