// Descriptors of this process. Every connection takes one, and the store and the relay must never
// want for one because too many clients are here (attacks.md F14).
#pragma once

#include <cstdint>

#include "program/config/config.h"

namespace pidge::program {

// Raises our limit as far as the system lets us, and returns it.
std::uint64_t raise_descriptors();

// How many connections of a listener there can be: as many as it is configured for, or its share of
// what the descriptors allow.
std::uint64_t connections_of(const config::Config& config, const config::Listener& listener,
                             std::uint64_t descriptors);

}  // namespace pidge::program
