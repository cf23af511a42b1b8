// World: what there is outside the simulated process, and what stays when it ends: the seed's
// chance, time, the disk, the remote servers' moods, and the ledger.
#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <string>

#include "services/relay/relay.h"
#include "simulation/chance.h"
#include "simulation/ledger.h"
#include "simulation/simulated_clock.h"
#include "simulation/simulated_disk.h"
#include "simulation/trace.h"

namespace pidge::simulation {

// What a build with a mistake would do; each must be noticed.
enum class Sabotage : std::uint8_t {
    none,
    no_sync,          // what is acknowledged is in the page cache only
    settles_early,    // a message counts as delivered before the remote server has replied
    ignores_fence,    // an outcome is committed by whoever holds the lease no more
    answers_at_once,  // a commit is answered before it is done
};

// What a seed has drawn for its run.
struct Plan {
    int messages = 0;
    std::chrono::nanoseconds trouble{0};  // until then things go wrong
    std::uint64_t cut_one_in = 0;         // at each moment that is asked about; 0: never
    int cuts_most = 0;
    std::uint64_t full_one_in = 0, failed_sync_one_in = 0;  // of commits; 0: never
    std::uint64_t step_one_in = 0;                          // of the driver's looks; 0: never
    std::chrono::microseconds sync_most{0};
    int relays = 1;
    std::chrono::seconds lease_duration{0};
    int domains = 0, dead_domains = 0;

    static Plan draw(Chance& chance);
};

struct Mood {
    enum class Kind : std::uint8_t { well, busy, mixed, unreachable, slow, cutting };
    Kind kind = Kind::well;
    std::chrono::nanoseconds until{-1};
};

class World {
 public:
    World(std::uint64_t seed, Sabotage sabotage, const std::vector<SimulatedDisk::Written>& image);

    Chance chance;
    const Plan plan;
    const Sabotage sabotage;
    Trace trace;
    SimulatedClock clock;
    relay::RelayOptions relay_options;
    Ledger ledger;
    std::shared_ptr<SimulatedDisk> disk;

    bool is_troubled() const { return clock.elapsed() < plan.trouble; }
    // Of the remote server at this moment.
    Mood::Kind mood(const std::string& destination);

    // --- the process ---
    int life = 0;
    std::atomic<bool> is_over = false;  // the process, orderly or not
    // A moment at which the power may go.
    void moment(const char* where);
    void cut(const char* where);
    int cuts = 0;

    void tell(std::string_view what);  // to the trace, with the time

 private:
    void before_commit();
    std::map<std::string, Mood> moods_;
};

}  // namespace pidge::simulation
