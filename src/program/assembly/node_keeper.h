// NodeKeeper: this machine as one node among equals: its membership, its turn at the work that one
// node does for all, and what the metrics tell about the others.
#pragma once

#include <atomic>
#include <memory>
#include <string>

#include "base/clock.h"
#include "base/result.h"
#include "program/config/config.h"
#include "system/net/event.h"
#include "system/net/loop.h"
#include "system/nodes/leadership.h"
#include "system/nodes/membership.h"
#include "system/store/store.h"

namespace pidge::program {

class NodeKeeper {
 public:
    // Joins the other nodes. Refusals are for the administrator. Not from a loop.
    static Result<std::unique_ptr<NodeKeeper>> join(const config::Config& config,
                                                    store::Store& store, const Clock& clock);

    // Spawns what it does by itself; it ends soon after end().
    void start(net::Loop& loop);
    void end();
    // The last word to the others; after the loops have stopped. Failures are logged.
    void leave();

    nodes::Membership& membership() { return *membership_; }
    bool leads() const { return leadership_ && leadership_->leads(); }

 private:
    struct Pace;
    NodeKeeper(store::Store& store, nodes::Sharing sharing);
    const Pace& pace() const;
    static net::Task<void> tend(NodeKeeper& self);
    net::Task<void> tend_once();
    net::Task<void> count_nodes();

    store::Store& store_;
    const nodes::Sharing sharing_;
    std::unique_ptr<nodes::Membership> membership_;
    std::unique_ptr<nodes::Leadership> leadership_;  // null: without the role upkeep
    std::atomic<bool> is_ended_ = false;
};

// Whether other nodes may use the store of this configuration too.
bool is_shared(const config::Config& config);

}  // namespace pidge::program
