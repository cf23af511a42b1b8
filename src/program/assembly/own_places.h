// Where mail must not be relayed to, because it would come back to this machine (RFC 5321 §5.1).
#pragma once

#include <string>
#include <vector>

#include "system/dns/mail_exchangers.h"
#include "system/net/endpoint.h"

namespace pidge::program {

// `listening`: where we take mail from other sites. `mail_port`: at which port exchangers are
// asked. `machine`: all addresses of this machine; they count where we listen on all. A test site
// whose exchangers listen beside us, on another port, is somebody else.
dns::Self own_places(std::string hostname, const std::vector<net::Endpoint>& listening,
                     std::uint16_t mail_port, const std::vector<net::Address>& machine);

}  // namespace pidge::program
