// Whatever bytes are read as an entry, writing it and reading that gives the same entry.
#include <cstdlib>

#include "mail/queue/entry_record.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace pidge::queue;
    const auto entry = read_entry({reinterpret_cast<const char*>(data), size});
    if (!entry) return 0;
    if (read_entry(record_of(*entry)) != entry) std::abort();
    const auto destination = Destination::parse(entry->destination.text());
    if (destination && destination->text() != entry->destination.text()) std::abort();
    return 0;
}
