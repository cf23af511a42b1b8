#include "system/net/own_addresses.h"

#include <ifaddrs.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cstring>
#include <memory>

#include "system/net/socket_address.h"

namespace pidge::net {

std::vector<Address> own_addresses() {
    ifaddrs* first = nullptr;
    if (::getifaddrs(&first) != 0) return {};
    const std::unique_ptr<ifaddrs, decltype(&::freeifaddrs)> owner(first, &::freeifaddrs);
    std::vector<Address> addresses;
    for (const ifaddrs* each = first; each != nullptr; each = each->ifa_next) {
        if (each->ifa_addr == nullptr) continue;
        sockaddr_storage address{};
        const int family = each->ifa_addr->sa_family;
        const std::size_t size = family == AF_INET    ? sizeof(sockaddr_in)
                                 : family == AF_INET6 ? sizeof(sockaddr_in6)
                                                      : 0;
        if (size == 0) continue;
        std::memcpy(&address, each->ifa_addr, size);
        addresses.push_back(endpoint_of(address).address);
    }
    return addresses;
}

}  // namespace pidge::net
