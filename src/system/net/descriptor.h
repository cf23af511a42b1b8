// Descriptor: a non-blocking file descriptor on a loop, with waits for readiness. Streams,
// listeners and the rooms that drive an outside library's sockets are built on it. On its loop's
// thread only.
#pragma once

#include <chrono>
#include <memory>

#include "system/net/task.h"

namespace pidge::net {

class Descriptor {
 public:
    // Takes the descriptor over, makes it non-blocking and closes it in the end. On the loop that
    // is to own it.
    explicit Descriptor(int fd);
    ~Descriptor();
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;

    int fd() const;  // -1 after close() or release()
    // Return when reading (writing) would not block; they may return too early. One coroutine each.
    // They throw Gone(deadline) after the deadline, Gone(reset) after close().
    Task<void> readable();
    Task<void> writable();
    // Throws what the waits would, without waiting.
    void check_open() const;

    void set_deadline(std::chrono::milliseconds from_now);
    void close() noexcept;
    // Gives the descriptor back unclosed, for a library that owns it. Waits throw as after close().
    int release();

 private:
    struct State;
    std::shared_ptr<State> state_;
};

}  // namespace pidge::net
