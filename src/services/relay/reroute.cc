#include "services/relay/reroute.h"

#include <algorithm>

#include "mail/queue/limits.h"
#include "mail/queue/plan.h"
#include "services/relay/events.h"

namespace pidge::relay {

namespace {

// A role that was sent on to its members is in the queue for its report alone, which no route is
// for.
queue::Destination destination_now(const RelayCore& core, const queue::Entry& entry,
                                   const queue::Recipient& recipient) {
    return recipient.is_expanded ? entry.destination : core.parts.destination_of(recipient.address);
}

bool goes_where_it_went(const RelayCore& core, const queue::Entry& entry) {
    // Reports about TLS are sent their own way, whatever the routes say.
    if (!core.parts.destination_of || entry.destination.tls == queue::Destination::Tls::any)
        return true;
    return std::ranges::all_of(entry.recipients, [&](const queue::Recipient& recipient) {
        return destination_now(core, entry, recipient) == entry.destination;
    });
}

// By destination, in the order in which they are met. What is more than one change takes stays
// where it went, and has its turn when that part is due.
std::vector<queue::Entry> parted(const RelayCore& core, const queue::Entry& entry, WallTime due) {
    std::vector<queue::Entry> parts;
    for (const queue::Recipient& recipient : entry.recipients) {
        queue::Destination destination = destination_now(core, entry, recipient);
        auto part = std::ranges::find(parts, destination, &queue::Entry::destination);
        if (part == parts.end() && parts.size() >= limits::reroute_parts) {
            destination = entry.destination;
            part = std::ranges::find(parts, destination, &queue::Entry::destination);
        }
        if (part == parts.end()) {
            part = parts.insert(part, entry);
            part->recipients.clear();
            part->destination = std::move(destination);
            part->due = due;
        }
        part->recipients.push_back(recipient);
    }
    return parts;
}

// The first index that no entry of the message has, nor any before it in the store.
net::Task<std::size_t> free_index(RelayCore& core, queue::QueueId message) {
    const auto last = co_await core.parts.store.scan(
        store::Space::queue, {.from = queue::EntryId{message, 0}.key(),
                              .to = queue::EntryId{message, UINT16_MAX}.key(),
                              .limit = 1,
                              .order = store::ScanOptions::Order::backward});
    const auto id = last.empty() ? std::nullopt : queue::EntryId::from_key(last.front().key);
    co_return id ? id->index + std::size_t{1} : 0;
}

}  // namespace

net::Task<bool> reroute(RelayCore& core, const store::Lease& lease, const queue::Entry& entry) {
    if (goes_where_it_went(core, entry)) co_return false;
    // Not at once: where nodes learn of a route one after the other they hand it to and fro.
    const WallTime due = core.parts.clock.now() + limits::reroute_pause;
    std::vector<queue::Entry> parts = parted(core, entry, due);
    // A body that is missing is told by the attempt; it cannot be held once more.
    if (parts.size() > 1 && !co_await core.parts.store.open_blob(entry.body)) co_return false;
    std::size_t index = co_await free_index(core, entry.id.message);
    if (index + parts.size() > UINT16_MAX) co_return false;
    for (std::size_t i = 1; i < parts.size(); ++i)
        parts[i].id.index = static_cast<std::uint16_t>(index++);
    store::Change change;
    queue::plan_part(change, entry, parts, lease);
    if (!co_await core.parts.store.commit(std::move(change))) {
        // Another entry of the message took the index, or the lease is over: look again.
        co_await core.parts.store.release({lease});
        core.wake(lease.group, lease.due);
        co_return true;
    }
    for (const queue::Entry& part : parts) {
        log::write(events::rerouted, {{"queue", part.id.text()},
                                      {"recipients", part.recipients.size()},
                                      {"from", entry.destination.text()},
                                      {"to", part.destination.text()}});
        core.wake(part.destination.group(), part.due);
    }
    co_return true;
}

}  // namespace pidge::relay
