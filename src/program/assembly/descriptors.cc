#include "program/assembly/descriptors.h"

#include <sys/resource.h>

#include <algorithm>

namespace pidge::program {

namespace {

// The store's files (system/store/rocksdb/layout.cc: 128), look-ups, control connections, the log,
// event loops; with room.
constexpr std::uint64_t own_descriptors = 512;

}  // namespace

std::uint64_t raise_descriptors() {
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return UINT64_MAX;
    const rlim_t before = limit.rlim_cur;
    limit.rlim_cur = limit.rlim_max;
    if (::setrlimit(RLIMIT_NOFILE, &limit) != 0) limit.rlim_cur = before;
    return limit.rlim_cur;
}

std::uint64_t connections_of(const config::Config& config, const config::Listener& listener,
                             std::uint64_t descriptors) {
    const std::uint64_t taken = own_descriptors + config.relay.connections;
    const std::uint64_t room = std::max(descriptors, taken) - taken;
    std::uint64_t wanted = 0;
    for (const config::Listener& each : config.listeners)
        if (each.is_smtp()) wanted += each.connections;
    if (wanted <= room) return listener.connections;
    // Both are far below 2^32.
    return std::max<std::uint64_t>(1, listener.connections * room / wanted);
}

}  // namespace pidge::program
