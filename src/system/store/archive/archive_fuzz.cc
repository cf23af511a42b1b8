// Reads an archive from foreign octets: it ends in bounded time and memory, and what it takes for
// whole is written again as the same octets.
#include <cstdint>
#include <cstdlib>

#include "system/store/archive/archive.h"

using namespace pidge;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view input(reinterpret_cast<const char*>(data), size);
    store::ArchiveReader in([input, at = std::size_t{0}](std::size_t count) mutable {
        const Bytes piece(input.substr(std::min(at, input.size()), count));
        at += piece.size();
        return piece;
    });
    const auto header = in.header();
    if (!header) return 0;
    std::vector<store::Record> all;
    for (;;) {
        auto records = in.next();
        if (!records) return 0;
        if (records->empty()) break;
        all.insert(all.end(), records->begin(), records->end());
    }
    store::ArchiveWriter out([](std::string_view) {}, *header);
    for (const store::Record& record : all) out.add(record.space, record.key, record.value);
    if (out.finish().digest != in.totals().digest) std::abort();
    return 0;
}
