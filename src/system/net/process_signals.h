// ProcessSignals: SIGTERM, SIGINT, SIGHUP and the like, as something a coroutine waits for.
#pragma once

#include <initializer_list>
#include <memory>

#include "system/net/task.h"

namespace pidge::net {

class ProcessSignals {
 public:
    // From here on these signals do nothing but wake next(); from the end of this object on they
    // act as before. One object per signal at a time; on a loop.
    explicit ProcessSignals(std::initializer_list<int> signals);
    ~ProcessSignals();
    ProcessSignals(const ProcessSignals&) = delete;
    ProcessSignals& operator=(const ProcessSignals&) = delete;

    // The next signal that has come, or comes. Throws Gone(shutdown).
    Task<int> next();

 private:
    struct State;
    std::shared_ptr<State> state_;
};

}  // namespace pidge::net
