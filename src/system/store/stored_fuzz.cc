// What the store reads back of its own: records of bodies and chunks, due records, entries and end
// marks of logs. The first octet chooses. What can be read is written again as it was.
#include <cstdlib>

#include "system/store/blob_record.h"
#include "system/store/due_key.h"
#include "system/store/log_entry.h"

using namespace pidge;
using namespace pidge::store;

namespace {

void require(bool holds) {
    if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    const std::string_view octets(reinterpret_cast<const char*>(data) + 1, size - 1);
    switch (data[0] % 6) {
        case 0:
            if (const auto record = read_blob_record(octets))
                require(write_blob_record(*record) == octets);
            break;
        case 1:
            if (const auto chunk = read_chunk(octets)) require(write_chunk(*chunk) == octets);
            // And what was written is read.
            require(read_chunk(write_chunk(octets)) == octets);
            break;
        case 2:
            if (const auto key = read_due_key(octets))
                require(due_key(key->group, key->due, key->item) == octets);
            break;
        case 3:
            if (const auto end = read_log_end(octets)) require(log_end_record(*end) == octets);
            break;
        case 4:
            if (const auto value = read_log_value(octets))
                require(value->entry.size() + value->chain.size() == octets.size());
            break;
        default:
            if (const auto number = log_number(octets))
                require(octets.ends_with(log_key("", *number)));
            break;
    }
    return 0;
}
