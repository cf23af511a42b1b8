// A listing is read or refused, whatever an object store answers.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "system/store/objects/limits.h"
#include "system/store/objects/listing.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view xml(reinterpret_cast<const char*>(data), size);
    const auto listing = pidge::store::read_listing(xml);
    if (!listing) return 0;
    if (listing->names.size() > pidge::store::objects_limits::list_names_max) std::abort();
    std::size_t octets = listing->next.size();
    for (const std::string& name : listing->names) octets += name.size();
    if (octets > size) std::abort();
    return 0;
}
