#include "simulation/simulator.h"

#include <fmt/format.h>

#include "base/check.h"
#include "base/log.h"
#include "simulation/process.h"
#include "system/net/spawn.h"
#include "system/store/memory/memory_store.h"

namespace pidge::simulation {

using namespace std::chrono_literals;

namespace {
constexpr int lives_most = 500;
}  // namespace

struct Simulator::Site {
    Site() {
        using directory::Route;
        seed_random(0);
        apply(directory.add_domain({.name = "site.example"}));
        apply(directory.add_principal({.id = directory::PrincipalId::make(1),
                                       .login = "alice",
                                       .published = {"alice@site.example"}}));
        apply(directory.add_range({.id = directory::RangeId::make(1),
                                   .network = *net::Network::parse("192.0.2.0/24"),
                                   .owner = "alice@site.example"}));
        apply(directory.set_route({.id = directory::RouteId::make(1),
                                   .domain = "site.example",
                                   .kind = Route::Kind::lmtp,
                                   .host = "store.site.example",
                                   .port = 24}));
        contents = contents_of(*disk);
    }
    void apply(net::Task<Result<store::Change>> plan) {
        auto change = net::run(std::move(plan));
        check(change.has_value(), "the simulated site is well-formed");
        check(net::run(store->commit(*std::move(change))).has_value());
        net::run(directory.reload());
    }

    SimulatedClock clock;
    std::shared_ptr<store::MemoryDisk> disk = store::make_memory_disk();
    std::unique_ptr<store::Store> store = store::open_memory(clock, disk);
    directory::Directory directory{*store, clock};
    net::Pool pool{{.name = "hash", .threads = 1}};
    submission::Authenticator authenticator{directory, pool, clock};
    std::vector<SimulatedDisk::Written> contents;
};

Simulator::Simulator() : site_(std::make_unique<Site>()) {}
Simulator::~Simulator() = default;

Outcome Simulator::run(std::uint64_t seed, Sabotage sabotage,
                       std::function<void(const std::string&)> teller) {
    log::configure({.least = log::Level::error, .sink = [](std::string_view) {}});
    seed_random(seed);
    World world(seed, sabotage, site_->contents);
    world.trace.teller = std::move(teller);
    std::vector<Client> clients(static_cast<std::size_t>(world.plan.messages));
    for (std::size_t i = 0; i < clients.size(); ++i) {
        clients[i].number = static_cast<int>(i);
        clients[i].next_try = world.chance.between(
            0us, std::chrono::floor<std::chrono::microseconds>(
                     std::min<std::chrono::nanoseconds>(world.plan.trouble, 1h)));
    }
    Process process(world, site_->authenticator, clients);
    while (!process.live()) {
        if (world.life < lives_most) continue;
        world.ledger.complain("it does not come to an end");
        break;
    }
    return {.trace = world.trace.hash(),
            .lives = world.life,
            .cuts = world.cuts,
            .counts = world.ledger.counts(),
            .complaints = world.ledger.complaints()};
}

}  // namespace pidge::simulation
