// The addresses that this machine has at the moment.
#pragma once

#include <vector>

#include "system/net/endpoint.h"

namespace pidge::net {

// Of all interfaces, loopback and link-local ones too; they come and go while the program runs.
// Empty where the system does not tell. Any thread.
std::vector<Address> own_addresses();

}  // namespace pidge::net
