// World: a store, a clock, a fake courier and a relay, with ways to put messages in and see what
// became of them. Used within net::run().
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "mail/audit/trail.h"
#include "services/relay/relay.h"
#include "services/relay/testing/fake_courier.h"
#include "system/store/memory/memory_store.h"

namespace pidge::relay::testing {

struct Message {
    std::string destination = "mx:example.org";
    std::string sender = "alice@site.example";  // empty: null reverse-path
    std::vector<std::string> recipients = {"bob@example.org"};
    std::string body = "Subject: hello\r\n\r\nHello\r\n";
    std::string principal = "p-alice";
    std::function<void(queue::Entry&)> edit = {};  // last
};

class World {
 public:
    explicit World(RelayOptions options = default_options());
    static RelayOptions default_options();

    ManualClock clock{WallTime(std::chrono::seconds(1'700'000'000))};
    std::shared_ptr<store::MemoryDisk> disk = store::make_memory_disk();
    std::unique_ptr<store::Store> store = store::open_memory(clock, disk);
    std::unique_ptr<audit::Trail> trail;
    FakeCourier courier;
    std::unique_ptr<Relay> relay;
    RelayOptions options;
    // Destinations by domain, as they are since the relay was made; empty: mail goes where it went.
    std::map<std::string, std::string> routes;
    // Reports travel to "mx:<domain>".

    void make_relay();
    net::Task<void> restart();  // the process ended; the store is opened anew
    net::Task<queue::EntryId> put(Message message);
    // In one commit, so that the relay meets them all at once.
    net::Task<std::vector<queue::EntryId>> put_many(Message message, int count);
    net::Task<std::vector<queue::Entry>> queued();
    net::Task<std::vector<audit::Entry>> audited(audit::Type type);
    net::Task<std::string> body_of(queue::Entry entry);
    // Waits until it holds; throws when it does not within some seconds.
    net::Task<void> until(std::function<bool()> condition);
    net::Task<void> until_queued(std::size_t count);
    net::Task<void> rest();        // until no worker is there
    net::Task<void> until_idle();  // until all workers wait with their connection
    void advance(std::chrono::microseconds by);
    std::string text_of(const cbor::Map& fields, const char* name) const;
};

address::Mailbox mailbox(const std::string& text);

}  // namespace pidge::relay::testing
