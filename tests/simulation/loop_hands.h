// LoopHands: does the work of a store on the event loop of the simulated process, each job after a
// while that is drawn from the seed. When the process ends, orderly or not, finish() does at once
// what waits; from then on nothing waits.
#pragma once

#include <memory>
#include <vector>

#include "simulation/chance.h"
#include "system/net/timer.h"
#include "system/store/hands.h"

namespace pidge::simulation {

class LoopHands final : public store::Hands {
 public:
    // `sync_most`: how long a commit takes at most. The loop outlives what waits.
    LoopHands(net::Loop& loop, Chance& chance, std::chrono::microseconds sync_most)
        : loop_(loop), chance_(chance), sync_most_(sync_most) {}

    void take(Work work, std::move_only_function<void()> job) override;
    void finish();
    bool is_idle() const { return waiting_ == 0; }  // upkeep aside

 private:
    struct Slot {
        Slot(net::Loop& loop, std::move_only_function<void()> done)
            : timer(loop, std::move(done)) {}
        net::Timer timer;
        Work work = Work::read;
        std::move_only_function<void()> job;
    };
    std::chrono::microseconds delay_of(Work work);
    void run(std::size_t slot);

    net::Loop& loop_;
    Chance& chance_;
    const std::chrono::microseconds sync_most_;
    std::vector<std::unique_ptr<Slot>> slots_;
    std::vector<std::size_t> free_;
    std::size_t waiting_ = 0;
    bool is_finished_ = false;
};

}  // namespace pidge::simulation
