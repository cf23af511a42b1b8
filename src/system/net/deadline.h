// Deadline: the point in time after which a stream's waits fail. Setting it is one store; the loop
// looks over all of them every half second (limits.h) and calls expired() on those that have
// passed.
#pragma once

#include <chrono>
#include <functional>

#include "base/clock.h"

namespace pidge::net {

class Loop;

class Deadline {
 public:
    // `expired` is called on the loop's thread, must not throw, and must neither destroy this nor
    // add deadlines.
    explicit Deadline(std::move_only_function<void()> expired) : expired_(std::move(expired)) {}
    ~Deadline() { leave(); }
    Deadline(const Deadline&) = delete;
    Deadline& operator=(const Deadline&) = delete;

    // On a loop. From the passing of the deadline until the next set(), has_passed() holds.
    void set(std::chrono::milliseconds from_now);
    bool has_passed() const { return has_passed_; }

 private:
    friend class Loop;
    void leave() noexcept;

    std::move_only_function<void()> expired_;
    SteadyTime at_ = SteadyTime::max();
    bool has_passed_ = false;
    Deadline* next_ = nullptr;
    Deadline** previous_ = nullptr;
};

}  // namespace pidge::net
