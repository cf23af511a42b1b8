#include "services/relay/settle.h"

#include <new>

#include "services/relay/events.h"
#include "system/net/timer.h"
#include "system/store/kill_point.h"

namespace pidge::relay {

namespace {

enum class Settled : std::uint8_t { yes, lease_lost };

bool may_pass(const store::Fault& fault) {
    return fault.why == store::Fault::Why::full || fault.why == store::Fault::Why::unavailable;
}

// The fence makes repeating safe: what was committed after all finds its lease gone. Where memory
// is refused too, the outcome is worth the wait: without it the message goes out a second time.
net::Task<Settled> commit(RelayCore& core, store::Change change) {
    for (int failures = 0;; ++failures) {
        try {
            store::kill_point("relay-before-outcome");
            const auto committed = co_await core.parts.store.commit(change);
            store::kill_point("relay-after-outcome");
            if (committed) co_return Settled::yes;
            co_return failures > 0 ? Settled::yes : Settled::lease_lost;
        } catch (const store::Fault& fault) {
            log::write(events::store_trouble, {{"reason", fault.what()}});
            if (!may_pass(fault) || failures >= limits::commit_repeats_max) throw;
        } catch (const std::bad_alloc&) {
            if (failures >= limits::commit_repeats_max) throw;
        }
        co_await net::sleep_for(limits::commit_pause);
    }
}

net::Task<Planned> plan(RelayCore& core, const Settling& settling) {
    for (int failures = 0;; ++failures) {
        try {
            co_return co_await core.recorder.plan(settling.job, settling.told);
        } catch (const store::Fault& fault) {
            log::write(events::store_trouble, {{"reason", fault.what()}});
            if (!may_pass(fault) || failures >= limits::commit_repeats_max) throw;
        } catch (const std::bad_alloc&) {
            if (failures >= limits::commit_repeats_max) throw;
        }
        co_await net::sleep_for(limits::commit_pause);
    }
}

void done(RelayCore& core, const Settling& settling, const Planned& planned) {
    core.recorder.tell(settling.job, settling.told, planned);
    for (const Planned::Wake& wake : planned.wakes) core.wake(wake.group, wake.due);
}

void lost(const Settling& settling) {
    counters.lost.add();
    log::write(events::lease_lost, {{"queue", settling.job.entry.id.text()}});
}

}  // namespace

net::Task<void> settle(RelayCore& core, Settling settling) {
    Planned planned = co_await plan(core, settling);
    const Settled settled = co_await commit(core, std::move(planned.change));
    if (settled == Settled::yes)
        done(core, settling, planned);
    else
        lost(settling);
}

net::Task<void> settle(RelayCore& core, std::vector<Settling> settlings, store::Urgency urgency) {
    store::Change change;
    std::vector<Planned> plans;
    for (const Settling& settling : settlings) {
        plans.push_back(co_await plan(core, settling));
        change.merge(std::move(plans.back().change));
    }
    change.set_urgency(urgency);  // after merge(), which takes the greater one
    if (co_await commit(core, std::move(change)) == Settled::yes) {
        for (std::size_t i = 0; i < settlings.size(); ++i) done(core, settlings[i], plans[i]);
        co_return;
    }
    for (Settling& settling : settlings) co_await settle(core, std::move(settling));
}

}  // namespace pidge::relay
