// What can be read was the one way to write it: written again, it is the same octets.
#include <cstdlib>

#include "formats/cbor/cbor.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace pidge;
    const std::string_view input(reinterpret_cast<const char*>(data), size);
    std::string_view rest = input;
    const auto value = cbor::decode(rest);
    if (!value) return 0;
    const std::string_view read = input.substr(0, input.size() - rest.size());
    if (read.empty() || cbor::encode(*value) != read) std::abort();
    return 0;
}
