// InlineHands: does the work of a store at once, within the call that asks for it; upkeep when it
// is told to.
#pragma once

#include <utility>

#include "system/store/hands.h"

namespace pidge::simulation {

class InlineHands final : public store::Hands {
 public:
    void take(Work work, std::move_only_function<void()> job) override {
        if (work == Work::upkeep)
            upkeep_ = std::move(job);
        else
            job();
    }
    void keep_up() {
        if (auto job = std::exchange(upkeep_, {})) job();
    }

 private:
    std::move_only_function<void()> upkeep_;
};

}  // namespace pidge::simulation
