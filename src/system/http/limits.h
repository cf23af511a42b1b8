// Limits of HTTP, each with its reason. They count octets as they arrive, before memory is taken
// (attacks.md G6).
#pragma once

#include <chrono>
#include <cstddef>

namespace pidge::http {

struct Limits {
    // Request line (or status line) and fields. Browsers send some KB of cookies at most; servers
    // commonly take 8 to 16 KiB.
    std::size_t header_octets_max = 16 * 1024;
    // RFC 8620 §2: requests of the API have at most this size. Uploads have a limit of their own,
    // in their handler's server.
    std::size_t body_octets_max = 10'000'000;
    // A peer that sends a request slowly holds a connection for no longer than this: header, then
    // each 64 KiB of body.
    std::chrono::milliseconds header_timeout{15'000};
    std::chrono::milliseconds body_timeout{15'000};
    // A connection that is kept but not used.
    std::chrono::milliseconds idle_timeout{60'000};
    std::chrono::milliseconds write_timeout{60'000};
    // Requests on one connection, so that load moves to other nodes after a while.
    std::size_t requests_max = 10'000;
};

// Octets of body for which body_timeout is granted once more.
inline constexpr std::size_t body_progress_octets = 64 * 1024;

}  // namespace pidge::http
