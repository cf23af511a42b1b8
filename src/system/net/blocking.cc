#include "system/net/blocking.h"

#include <exception>

#include "system/net/spawn.h"

namespace pidge::net {

namespace {

// What run_blocking and its tasks share; it outlives the loop that the tasks run on.
struct Batch {
    std::size_t running;
    std::atomic<bool> done;
    std::exception_ptr first;
};

Task<void> counted(Batch& batch, Task<void> task) {
    try {
        co_await std::move(task);
    } catch (...) {
        if (!batch.first) batch.first = std::current_exception();
    }
    if (--batch.running == 0) batch.done = true;
}

}  // namespace

void run_blocking(std::vector<Task<void>> tasks) {
    Batch batch{.running = tasks.size(), .done = tasks.empty(), .first = nullptr};
    {
        Loop loop;
        for (Task<void>& task : tasks) spawn(loop, "blocking", counted(batch, std::move(task)));
        loop.run_until(batch.done);
    }
    if (batch.first) std::rethrow_exception(batch.first);
}

}  // namespace pidge::net
