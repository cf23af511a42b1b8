// Addresses, endpoints and networks from configuration and clients: what can be read is read again
// from its own text.
#include <cstdlib>

#include "system/net/endpoint.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace pidge::net;
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    if (const auto address = Address::parse(text))
        if (Address::parse(address->text()) != address) std::abort();
    if (const auto endpoint = Endpoint::parse(text))
        if (Endpoint::parse(endpoint->text()) != endpoint) std::abort();
    if (const auto network = Network::parse(text))
        if (Network::parse(network->text()) != network) std::abort();
    return 0;
}
