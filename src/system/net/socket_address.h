// Between Endpoint and the kernel's socket addresses. For the .cc files of system/net.
#pragma once

#include <sys/socket.h>

#include <string>

#include "base/result.h"
#include "system/net/endpoint.h"

namespace pidge::net {

struct SocketAddress {
    sockaddr_storage storage{};
    socklen_t length = 0;

    const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
};

SocketAddress socket_address(const Endpoint& endpoint);
// Refused when the path is too long for the kernel (107 octets) or empty.
Result<SocketAddress> socket_address(const std::string& unix_path);
// What is neither IPv4 nor IPv6 becomes 0.0.0.0:0.
Endpoint endpoint_of(const sockaddr_storage& address);

std::string error_text(int error);  // the system's words for an errno

}  // namespace pidge::net
