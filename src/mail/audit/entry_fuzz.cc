// Whatever octets are read as an entry of the trail, written again they are the same octets: an
// entry has one form, which is what its chain value covers.
#include <cstdlib>

#include "mail/audit/entry.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace pidge::audit;
    const auto entry = decode({reinterpret_cast<const char*>(data), size});
    if (!entry) return 0;
    const auto again = decode(encode(*entry));
    if (!again || *again != *entry) std::abort();
    return 0;
}
