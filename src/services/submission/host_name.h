// The name of a machine: whether it has one in the DNS that leads back to its address ("forward-
// confirmed reverse DNS", RFC 8601 §3: iprev).
#pragma once

#include "base/result.h"
#include "system/dns/resolver.h"
#include "system/net/endpoint.h"
#include "system/net/task.h"

namespace pidge::submission {

// Refuses with HST-PTR where the DNS is sure that there is none, and with HST-DNS for now where it
// cannot be asked.
net::Task<Result<void>> check_host_name(dns::Resolver& resolver, net::Address address);

}  // namespace pidge::submission
