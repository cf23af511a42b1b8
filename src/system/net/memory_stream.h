// memory_pair: two Streams that are connected through memory. For tests, simulations and TLS
// without sockets.
#pragma once

#include <memory>
#include <utility>

#include "system/net/limits.h"
#include "system/net/stream.h"

namespace pidge::net {

struct MemoryPairOptions {
    // Octets on their way in each direction; at least 1.
    std::size_t capacity = limits::memory_pipe_octets;
    Endpoint first_endpoint{Address::v4({192, 0, 2, 1}), 1025};
    Endpoint second_endpoint{Address::v4({192, 0, 2, 2}), 25};
};

// first.local() == second.remote() == first_endpoint, and so on. Both are used on one loop; they
// can be made anywhere.
std::pair<std::unique_ptr<Stream>, std::unique_ptr<Stream>> memory_pair(
    MemoryPairOptions options = {});

}  // namespace pidge::net
