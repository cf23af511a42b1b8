#include "simulation/loop_hands.h"

#include <utility>

namespace pidge::simulation {

using namespace std::chrono_literals;

std::chrono::microseconds LoopHands::delay_of(Work work) {
    switch (work) {
        case Work::commit:
            return chance_.between(1us, chance_.one_in(100) ? sync_most_ * 50 : sync_most_);
        case Work::read:
            return chance_.between(0us, chance_.one_in(20) ? 5000us : 200us);
        case Work::upkeep:
            break;
    }
    return 1s;
}

void LoopHands::take(Work work, std::move_only_function<void()> job) {
    if (is_finished_) {
        if (work != Work::upkeep) job();
        return;
    }
    if (free_.empty()) {
        const std::size_t index = slots_.size();
        slots_.push_back(std::make_unique<Slot>(loop_, [this, index] { run(index); }));
        free_.push_back(index);
    }
    const std::size_t index = free_.back();
    free_.pop_back();
    Slot& slot = *slots_[index];
    slot.work = work;
    slot.job = std::move(job);
    waiting_ += work == Work::upkeep ? 0 : 1;
    slot.timer.set(delay_of(work));
}

void LoopHands::run(std::size_t index) {
    Slot& slot = *slots_[index];
    auto job = std::exchange(slot.job, {});
    waiting_ -= slot.work == Work::upkeep ? 0 : 1;
    free_.push_back(index);
    job();
}

void LoopHands::finish() {
    is_finished_ = true;
    for (const auto& slot : slots_) {
        slot->timer.cancel();
        auto job = std::exchange(slot->job, {});
        if (job && slot->work != Work::upkeep) job();
    }
}

}  // namespace pidge::simulation
