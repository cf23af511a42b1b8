// Process: one life of the simulated program, from its start to its end by order or by power cut,
// in one thread on one event loop with simulated time. Store, submission and relay are the real
// ones; disk, network and clients are of the simulation.
#pragma once

#include <memory>
#include <vector>

#include "mail/directory/directory.h"
#include "services/submission/gateway.h"
#include "simulation/client.h"
#include "simulation/loop_hands.h"
#include "simulation/simulated_courier.h"
#include "simulation/watched_store.h"
#include "simulation/world.h"

namespace pidge::simulation {

class Process {
 public:
    // `authenticator` is asked by nobody. `clients` stay when the process ends.
    Process(World& world, submission::Authenticator& authenticator, std::vector<Client>& clients);
    // True: everything has come to its end, and was judged.
    bool live();

 private:
    void start();
    net::Task<void> drive();
    net::Task<void> look();
    net::Task<void> judge();
    void start_clients();
    void step_clock();
    void leap();
    bool is_idle() const;
    bool is_done() const;
    std::chrono::nanoseconds until_next() const;
    WatchedStore::Betrayal betrayal() const;

    World& world_;
    submission::Authenticator& authenticator_;
    std::vector<Client>& clients_;
    std::unique_ptr<net::Loop> loop_;
    std::unique_ptr<LoopHands> hands_;
    std::unique_ptr<WatchedStore> store_;
    std::unique_ptr<directory::Directory> directory_;
    std::unique_ptr<audit::Trail> trail_;
    std::unique_ptr<submission::Gateway> gateway_;
    SimulatedCourier courier_;
    std::vector<std::unique_ptr<relay::Relay>> relays_;
    std::chrono::nanoseconds ends_{0};
    bool is_judged_ = false;
};

}  // namespace pidge::simulation
