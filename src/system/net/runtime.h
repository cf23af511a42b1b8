// Runtime: the event loops of the program, one thread each.
#pragma once

#include <atomic>
#include <chrono>
#include <memory>
#include <thread>
#include <vector>

#include "system/net/limits.h"
#include "system/net/loop.h"
#include "system/net/spawn.h"

namespace pidge::net {

class Runtime {
 public:
    // One loop per core unless told otherwise.
    explicit Runtime(std::size_t loops = 0);
    ~Runtime();
    Runtime(const Runtime&) = delete;
    Runtime& operator=(const Runtime&) = delete;

    std::size_t size() const { return loops_.size(); }
    Loop& loop(std::size_t index) { return *loops_.at(index); }
    Loop& next_loop();  // in turn; any thread
    std::vector<Loop*> loops();

    std::size_t live() const;  // coroutines that were spawned and have not ended; any thread

    // Waits until all coroutines have ended by themselves, at most `patience`. What makes them end
    // (closing listeners, telling sessions) is up to the caller, before. Not from a loop.
    void wait_for_end(std::chrono::milliseconds patience) const;

    // Ends orderly: waits as above; interrupts the rest (their waits throw Gone(shutdown)) and
    // gives it the time to unwind; ends the loops. Returns how many had to be interrupted. From
    // then on no coroutine runs: what they use may go, even where one could not be interrupted and
    // stays in memory as it is. Not from a loop. Idempotent.
    std::size_t stop(std::chrono::milliseconds patience,
                     std::chrono::milliseconds unwinding = limits::unwind_patience);

 private:
    std::vector<std::unique_ptr<Loop>> loops_;
    std::vector<std::thread> threads_;
    std::atomic<bool> is_stopped_ = false;
    std::atomic<std::size_t> turn_ = 0;
};

}  // namespace pidge::net
