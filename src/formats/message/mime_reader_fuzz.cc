// However the stream is cut the tree is the same; spans lie within their parents and in order.
#include "formats/message/mime_reader.h"

#include "base/check.h"
#include "formats/message/limits.h"

using namespace pidge;

extern "C" int LLVMFuzzerTestOneInput(const char* data, std::size_t size) {
    const std::string_view in(data, size);
    const auto structure = message::read_structure(in);
    check(structure.octets == size);
    check(structure.parts.size() <= message::parts_max);
    check(structure.visited_octets <= 4 * size + 1000);
    for (const message::Part& part : structure.parts) {
        check(part.header.end() == part.body.offset);
        check(part.body.end() <= size);
        if (!part.parent) continue;
        const message::Part& parent = structure.parts[*part.parent];
        check(part.header.offset >= parent.body.offset && part.body.end() <= parent.body.end());
        check(parent.has_eight_bit >= part.has_eight_bit);
    }
    message::MimeReader pieces;
    for (std::size_t at = 0, n = 1; at < size; at += n, n = n % 7 + 1)
        pieces.feed(in.substr(at, n));
    const auto again = std::move(pieces).finish();
    check(again.parts.size() == structure.parts.size() &&
          again.defects.size() == structure.defects.size());
    for (std::size_t i = 0; i < again.parts.size(); ++i) {
        check(again.parts[i].body == structure.parts[i].body);
        check(again.parts[i].lines == structure.parts[i].lines);
    }
    return 0;
}
