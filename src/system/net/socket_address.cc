#include "system/net/socket_address.h"

#include <netinet/in.h>
#include <sys/un.h>

#include <cstring>
#include <system_error>

namespace pidge::net {

SocketAddress socket_address(const Endpoint& endpoint) {
    SocketAddress out;
    const auto octets = endpoint.address.octets();
    if (endpoint.address.is_v6()) {
        sockaddr_in6 in6{};
        in6.sin6_family = AF_INET6;
        in6.sin6_port = htons(endpoint.port);
        std::memcpy(&in6.sin6_addr, octets.data(), octets.size());
        std::memcpy(&out.storage, &in6, out.length = sizeof in6);
    } else {
        sockaddr_in in4{};
        in4.sin_family = AF_INET;
        in4.sin_port = htons(endpoint.port);
        std::memcpy(&in4.sin_addr, octets.data(), octets.size());
        std::memcpy(&out.storage, &in4, out.length = sizeof in4);
    }
    return out;
}

Result<SocketAddress> socket_address(const std::string& unix_path) {
    sockaddr_un un{};
    un.sun_family = AF_UNIX;
    if (unix_path.empty() || unix_path.size() >= sizeof un.sun_path)
        return Refusal{
            .kind = Refusal::Kind::limit,
            .text = "The path of a UNIX socket has 1 to 107 octets: \"" + unix_path + "\""};
    std::memcpy(un.sun_path, unix_path.data(), unix_path.size());
    SocketAddress out;
    std::memcpy(&out.storage, &un, out.length = sizeof un);
    return out;
}

Endpoint endpoint_of(const sockaddr_storage& address) {
    if (address.ss_family == AF_INET) {
        sockaddr_in in4;
        std::memcpy(&in4, &address, sizeof in4);
        std::array<std::uint8_t, 4> octets;
        std::memcpy(octets.data(), &in4.sin_addr, octets.size());
        return {Address::v4(octets), ntohs(in4.sin_port)};
    }
    if (address.ss_family == AF_INET6) {
        sockaddr_in6 in6;
        std::memcpy(&in6, &address, sizeof in6);
        std::array<std::uint8_t, 16> octets;
        std::memcpy(octets.data(), &in6.sin6_addr, octets.size());
        return {Address::v6(octets), ntohs(in6.sin6_port)};
    }
    return {};
}

std::string error_text(int error) {
    return std::system_category().message(error);
}

}  // namespace pidge::net
