// Both forms of the PROXY header: what is accepted names an address of the announced family and is
// read back alike.
#include <cstdint>

#include "base/check.h"
#include "system/net/proxy_header.h"

using namespace pidge;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view input(reinterpret_cast<const char*>(data), size);
    if (const auto header = net::parse_proxy_v1(input); header && header->has_client) {
        const auto text = [](const net::Endpoint& endpoint) {
            const auto at = net::Endpoint::parse(endpoint.text());
            check(at == endpoint, "an endpoint's text is another endpoint");
        };
        text(header->client);
        text(header->server);
        check(input.size() <= 107);
    }
    if (const auto header = net::parse_proxy_v2(input); header && header->has_client)
        check(input.size() >= 28);
    if (const auto network = net::Network::parse(input)) {
        check(network->contains(network->first()));
        check(net::Network::parse(network->text()) == network);
    }
    if (const auto endpoint = net::Endpoint::parse(input))
        check(net::Endpoint::parse(endpoint->text()) == endpoint);
    return 0;
}
