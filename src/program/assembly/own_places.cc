#include "program/assembly/own_places.h"

namespace pidge::program {

dns::Self own_places(std::string hostname, const std::vector<net::Endpoint>& listening,
                     std::uint16_t mail_port, const std::vector<net::Address>& machine) {
    dns::Self self{.names = {std::move(hostname)}};
    for (const net::Endpoint& endpoint : listening) {
        if (endpoint.port != mail_port) continue;
        self.is_this_machine = true;
        // A socket that systemd made for IPv6 may take IPv4 too.
        if (endpoint.address.is_unspecified())
            self.addresses.insert(self.addresses.end(), machine.begin(), machine.end());
        else
            self.addresses.push_back(endpoint.address);
    }
    return self;
}

}  // namespace pidge::program
