#include "services/relay/testing/world.h"

#include <stdexcept>

#include "mail/queue/entry_record.h"
#include "mail/queue/plan.h"
#include "system/net/timer.h"

namespace pidge::relay::testing {

using namespace std::chrono_literals;

address::Mailbox mailbox(const std::string& text) {
    const std::size_t at = text.rfind('@');
    return {.local_part = text.substr(0, at), .domain = text.substr(at + 1)};
}

RelayOptions World::default_options() {
    RelayOptions options;
    options.own_name = "relay.site.example";
    options.postmaster = mailbox("postmaster@site.example");
    options.line_idle_max = 20ms;
    return options;
}

World::World(RelayOptions the_options) : options(std::move(the_options)) {
    trail = std::make_unique<audit::Trail>(*store, clock, "audit.site/n1");
    make_relay();
}

void World::make_relay() {
    RelayParts parts{.store = *store,
                     .clock = clock,
                     .trail = *trail,
                     .courier = courier,
                     .loops = {&net::this_loop()},
                     .route = [](const address::Mailbox& to) -> std::optional<queue::Destination> {
                         return queue::Destination::parse("mx:" + to.domain);
                     },
                     .is_ours = [](const std::string& domain) { return domain == "site.example"; }};
    if (!routes.empty())
        parts.destination_of = [this](const address::Mailbox& to) {
            return *queue::Destination::parse(routes.at(to.domain));
        };
    relay = std::make_unique<Relay>(std::move(parts), options);
    relay->start();
}

net::Task<void> World::restart() {
    co_await relay->drain();
    relay.reset();
    trail.reset();
    store.reset();
    store = store::open_memory(clock, disk);
    trail = std::make_unique<audit::Trail>(*store, clock, "audit.site/n1");
    make_relay();
}

net::Task<queue::EntryId> World::put(Message message) {
    const auto ids = co_await put_many(std::move(message), 1);
    co_return ids.front();
}

net::Task<std::vector<queue::EntryId>> World::put_many(Message message, int count) {
    std::vector<queue::EntryId> ids;
    store::Change change;
    std::vector<queue::Entry> entries;
    for (int i = 0; i < count; ++i) {
        const auto writer = store->write_blob();
        co_await writer->write(message.body);
        const store::Blob blob = co_await writer->finish();
        queue::Entry entry;
        entry.id.message = queue::QueueId::make(clock.unix_ms());
        entry.destination = *queue::Destination::parse(message.destination);
        if (!message.sender.empty()) entry.sender = mailbox(message.sender);
        for (const std::string& recipient : message.recipients)
            entry.recipients.push_back({.address = mailbox(recipient)});
        entry.trace = "Received: by relay.site.example\r\n";
        entry.body = blob.id;
        entry.body_bytes = blob.size_bytes;
        entry.principal = message.principal;
        entry.arrived = entry.due = clock.now();
        if (message.edit) message.edit(entry);
        queue::plan_enqueue(change, {entry}, blob);
        ids.push_back(entry.id);
        entries.push_back(std::move(entry));
    }
    change.offer_scheduled();
    const auto committed = co_await store->commit(std::move(change));
    if (!committed) throw std::runtime_error("the message did not get in");
    for (queue::Entry& entry : entries)
        if (relay) relay->offer(std::move(entry));
    co_return ids;
}

net::Task<std::vector<queue::Entry>> World::queued() {
    std::vector<queue::Entry> entries;
    const auto items = co_await store->scan(store::Space::queue, {.limit = 100'000});
    for (const store::Item& item : items) entries.push_back(queue::read_entry(item.value).value());
    co_return entries;
}

net::Task<std::vector<audit::Entry>> World::audited(audit::Type type) {
    std::vector<audit::Entry> entries;
    audit::Query query{.types = {type}, .limit = 10'000};
    query.order = audit::Query::Order::oldest_first;
    const auto found = co_await trail->search(query);
    for (const audit::Numbered& numbered : found) entries.push_back(numbered.entry);
    co_return entries;
}

net::Task<std::string> World::body_of(queue::Entry entry) {
    const auto reader = co_await store->open_blob(entry.body);
    if (!reader) throw std::runtime_error("a body is missing");
    co_return co_await reader->read(0, 1 << 20);
}

net::Task<void> World::until(std::function<bool()> condition) {
    for (int i = 0; i < 20'000; ++i) {
        if (condition()) co_return;
        co_await net::sleep_for(1ms);
    }
    throw std::runtime_error("what should have happened did not");
}

net::Task<void> World::until_queued(std::size_t count) {
    for (int i = 0; i < 20'000; ++i) {
        const auto entries = co_await queued();
        if (entries.size() == count) co_return;
        co_await net::sleep_for(1ms);
    }
    throw std::runtime_error("the queue has not come to that size");
}

net::Task<void> World::rest() {
    co_await until([this] { return relay->status().destinations.running == 0; });
}

net::Task<void> World::until_idle() {
    co_await until([this] {
        const auto counts = relay->status().destinations;
        return counts.idle > 0 && counts.idle == counts.running;
    });
}

void World::advance(std::chrono::microseconds by) {
    clock.advance(by);
    relay->look();
}

std::string World::text_of(const cbor::Map& fields, const char* name) const {
    const auto found = fields.find(name);
    return found == fields.end() || !found->second.text() ? "" : *found->second.text();
}

}  // namespace pidge::relay::testing
