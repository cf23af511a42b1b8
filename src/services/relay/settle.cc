#include "services/relay/settle.h"

#include <new>
#include <utility>

#include "services/relay/events.h"
#include "system/net/timer.h"
#include "system/store/kill_point.h"

namespace pidge::relay {

namespace {

// in_doubt: the answer to a commit was lost, and the lease is not ours now: most likely it was
// made.
enum class Settled : std::uint8_t { yes, lease_lost, in_doubt };

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
            co_return failures > 0 ? Settled::in_doubt : Settled::lease_lost;
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

// `is_in_doubt`: a commit with this among others was.
net::Task<void> settle_one(RelayCore& core, Settling settling, bool is_in_doubt) {
    Planned planned = co_await plan(core, settling);
    const Settled settled = co_await commit(core, std::move(planned.change));
    if (settled == Settled::lease_lost && !is_in_doubt)
        lost(settling);
    else
        done(core, settling, planned);
}

// What goes into one commit.
struct Part {
    std::vector<Settling> settlings;
    std::vector<Planned> plans;
    store::Change change;
    std::size_t octets = 0, operations = 0;

    bool has_room_for(std::size_t more_octets, std::size_t more_operations) const {
        return octets + more_octets <= limits::commit_octets &&
               operations + more_operations <= limits::commit_operations;
    }
};

net::Task<void> settle_part(RelayCore& core, Part part, store::Urgency urgency) {
    part.change.set_urgency(urgency);  // after merge(), which takes the greater one
    const Settled settled = co_await commit(core, std::move(part.change));
    for (std::size_t i = 0; i < part.settlings.size(); ++i) {
        if (settled == Settled::yes)
            done(core, part.settlings[i], part.plans[i]);
        else
            co_await settle_one(core, std::move(part.settlings[i]), settled == Settled::in_doubt);
    }
}

}  // namespace

net::Task<void> settle(RelayCore& core, Settling settling) {
    return settle_one(core, std::move(settling), false);
}

net::Task<void> settle(RelayCore& core, std::vector<Settling> settlings, store::Urgency urgency) {
    Part part;
    for (Settling& settling : settlings) {
        Planned planned = co_await plan(core, settling);
        const std::size_t octets = planned.change.size_bytes();
        const std::size_t operations = planned.change.operations().size();
        if (!part.settlings.empty() && !part.has_room_for(octets, operations))
            co_await settle_part(core, std::exchange(part, {}), urgency);
        part.octets += octets;
        part.operations += operations;
        part.change.merge(std::move(planned.change));
        part.plans.push_back(std::move(planned));
        part.settlings.push_back(std::move(settling));
    }
    if (!part.settlings.empty()) co_await settle_part(core, std::move(part), urgency);
}

}  // namespace pidge::relay
