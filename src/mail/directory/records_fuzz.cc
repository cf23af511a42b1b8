// The first octet chooses the kind of record. Whatever octets are read as one, writing it and
// reading that gives the same object.
#include <cstdlib>

#include "mail/directory/records.h"

using namespace pidge::directory;

namespace {

template <typename Object>
void check(const std::optional<Object>& object,
           std::optional<Object> (*read)(std::string_view record)) {
    if (object && read(record_of(*object)) != object) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    const std::string_view record(reinterpret_cast<const char*>(data) + 1, size - 1);
    switch (data[0] % 6) {
        case 0:
            check(read_domain(record), read_domain);
            break;
        case 1:
            check(read_principal(record), read_principal);
            break;
        case 2:
            check(read_address_entry(record), read_address_entry);
            break;
        case 3:
            check(read_credential(record), read_credential);
            break;
        case 4:
            check(read_range(record), read_range);
            break;
        default:
            check(read_route(record), read_route);
            break;
    }
    return 0;
}
