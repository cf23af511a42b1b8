#include "program/assembly/node_keeper.h"

#include <unistd.h>

#include <array>

#include <fmt/format.h>

#include "base/id.h"
#include "base/metrics.h"
#include "program/assembly/events.h"
#include "program/config/option.h"
#include "system/net/spawn.h"
#include "system/net/timer.h"

namespace pidge::program {

namespace {

using namespace std::chrono_literals;

// The tick is short so that the end does not wait for it.
constexpr auto tick = 250ms;
constexpr std::size_t host_octets_max = 256;

metrics::Gauge up{"pidge_nodes", "Nodes on the store by state, as this one sees them.", "state",
                  "up"};
metrics::Gauge draining_nodes{"pidge_nodes", "Nodes on the store by state, as this one sees them.",
                              "state", "draining"};
metrics::Gauge drained_nodes{"pidge_nodes", "Nodes on the store by state, as this one sees them.",
                             "state", "drained"};
metrics::Gauge down{"pidge_nodes", "Nodes on the store by state, as this one sees them.", "state",
                    "down"};
metrics::Gauge leading{"pidge_node_leads", "1 on the node that does the upkeep for all, else 0."};

std::string host_name() {
    std::array<char, host_octets_max> name{};
    return ::gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "unknown";
}

std::string_view service_name(config::Service service) {
    return config::find_option("listener", "service")->choices[static_cast<std::size_t>(service)];
}

nodes::Node node_of(const config::Config& config) {
    nodes::Node node{.name = config.site.node,
                     .version = PIDGE_VERSION,
                     .host = host_name(),
                     .roles = config.node.roles,
                     .process = nodes::own_process()};
    for (const config::Listener& listener : config.listeners)
        if (config.node.has_role(listener.role()))
            node.addresses.push_back(
                fmt::format("{} {}", service_name(listener.service),
                            listener.address ? listener.address->text() : listener.systemd));
    if (config.node.has_role("relay"))
        for (const net::Address& source : config.relay.sources)
            node.addresses.push_back("source " + source.text());
    return node;
}

}  // namespace

bool is_shared(const config::Config& config) {
    return config.store.engine != config::Store::Engine::rocksdb &&
           config.store.engine != config::Store::Engine::memory;
}

// The lead moves when the leader has been silent for so long; upkeep is in no hurry, and a machine
// by itself need not write for it every few seconds.
struct NodeKeeper::Pace {
    int ticks;  // between two looks
    std::chrono::seconds lead_duration;
};

NodeKeeper::NodeKeeper(store::Store& store, nodes::Sharing sharing)
    : store_(store), sharing_(sharing) {}

const NodeKeeper::Pace& NodeKeeper::pace() const {
    static constexpr Pace shared{20, 30s}, alone{240, 300s};
    return sharing_ == nodes::Sharing::shared ? shared : alone;
}

Result<std::unique_ptr<NodeKeeper>> NodeKeeper::join(const config::Config& config,
                                                     store::Store& store, const Clock& clock) {
    const nodes::Sharing sharing =
        is_shared(config) ? nodes::Sharing::shared : nodes::Sharing::alone;
    std::unique_ptr<NodeKeeper> self(new NodeKeeper(store, sharing));
    self->membership_ = TRY(net::run(
        nodes::Membership::join(store, clock, {.node = node_of(config), .sharing = sharing})));
    if (config.node.has_role("upkeep"))
        self->leadership_ = std::make_unique<nodes::Leadership>(
            store, clock, "upkeep", Bytes(Id<struct HolderTag>::make(clock.unix_ms()).bytes()),
            self->pace().lead_duration);
    return self;
}

void NodeKeeper::start(net::Loop& loop) {
    net::spawn_lasting(loop, "membership", [this] { return membership_->run(); });
    net::spawn_lasting(loop, "node", [this] { return tend(*this); });
}

void NodeKeeper::end() {
    is_ended_ = true;
    membership_->end();
}

void NodeKeeper::leave() {
    try {
        net::run(net::with_deadline(membership_->leave(), 5s));
    } catch (const std::exception& error) {
        log::write(leave_unsaid, {{"reason", error.what()}});
    }
}

net::Task<void> NodeKeeper::count_nodes() {
    std::array<std::int64_t, 4> counts{};
    for (const nodes::Seen& seen : co_await nodes::read_nodes(store_))
        ++counts[static_cast<std::size_t>(seen.state)];
    up.set(counts[0]);
    draining_nodes.set(counts[1]);
    drained_nodes.set(counts[2]);
    down.set(counts[3]);
}

net::Task<void> NodeKeeper::tend_once() {
    co_await count_nodes();
    if (!leadership_) co_return;
    const bool is_leader = co_await leadership_->keep();
    leading.set(is_leader ? 1 : 0);
    if (is_leader)
        co_await membership_->tend_all(
            [this](store::Change& change) { leadership_->guard(change); });
}

net::Task<void> NodeKeeper::tend(NodeKeeper& self) {
    for (int count = 0; !self.is_ended_; ++count) {
        if (count % self.pace().ticks == 0) {
            try {
                co_await self.tend_once();
            } catch (const store::Fault&) {
                // The membership's beat tells of it; tried again in a moment.
            }
        }
        co_await net::sleep_for(tick);
    }
    if (!self.leadership_) co_return;
    try {
        co_await self.leadership_->hand_back();
    } catch (const store::Fault&) {
        // It runs out by itself.
    }
}

}  // namespace pidge::program
