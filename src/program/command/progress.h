// Progress of something long, on standard error: a line that renews itself on a terminal, a line
// now and then elsewhere. Ctrl-C and SIGTERM are taken for a wish to stop at the next good place.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "base/clock.h"

namespace pidge::command {

// Whether Ctrl-C or SIGTERM has come since the first ProgressLine was made. Waits that they break
// off (EINTR) are to be given up then.
bool is_stop_wanted();

class ProgressLine {
 public:
    enum class Shown : std::uint8_t { yes, no };
    ProgressLine(std::string what, Shown shown);  // "export"
    ~ProgressLine();                              // ends the line
    ProgressLine(const ProgressLine&) = delete;
    ProgressLine& operator=(const ProgressLine&) = delete;

    // False: somebody asked to stop. `where`: what is being worked on.
    bool update(std::string_view where, std::uint64_t records, std::uint64_t octets,
                std::optional<std::uint64_t> octets_left);
    double seconds() const;

 private:
    const std::string what_;
    const bool is_shown_;
    const bool is_terminal_;
    const SteadyTime started_;
    SteadyTime next_;
    bool has_line_ = false;
};

}  // namespace pidge::command
