// What the relay's coroutines share. Internal to this folder.
#pragma once

#include <atomic>
#include <memory>

#include "services/relay/recorder.h"
#include "services/relay/relay.h"
#include "system/net/event.h"

namespace pidge::relay {

struct RelayCore : std::enable_shared_from_this<RelayCore> {
    RelayCore(RelayParts the_parts, RelayOptions the_options)
        : parts(std::move(the_parts)),
          options(std::move(the_options)),
          table(options.destinations),
          recorder(parts, options) {}

    Now now() const { return {parts.clock.now(), parts.clock.steady()}; }
    net::Loop& next_loop() { return *parts.loops[turn++ % parts.loops.size()]; }

    void wake(store::DueGroup group, WallTime due);
    void start_workers();

    const RelayParts parts;
    const RelayOptions options;
    Destinations table;
    Recorder recorder;
    std::atomic<std::size_t> turn = 0;

    // Of the last sweep.
    std::atomic<std::uint64_t> queued = 0;
    std::atomic<std::int64_t> oldest_us = INT64_MAX;
    std::atomic<bool> has_swept = false;
    std::atomic<int> uses = 0;  // coroutines that may still touch the parts

    // On loops[0].
    net::Event look;
    net::Flag ending;
};

// While one is there the parts of the relay are in use, and drain() waits. A worker needs it
// besides its place in the table, which it gives up before its last steps.
class PartsInUse {
 public:
    explicit PartsInUse(RelayCore& core) : core_(core) { ++core_.uses; }
    ~PartsInUse() { --core_.uses; }
    PartsInUse(const PartsInUse&) = delete;
    PartsInUse& operator=(const PartsInUse&) = delete;

 private:
    RelayCore& core_;
};

// Serves one destination on one line until there is nothing to do there, or others wait for the
// place.
net::Task<void> run_worker(std::shared_ptr<RelayCore> core, store::DueGroup group);

}  // namespace pidge::relay
