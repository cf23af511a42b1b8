// Fields and blank line, put together again, are the block.
#include "formats/message/header.h"

#include "base/check.h"

using namespace pidge;

extern "C" int LLVMFuzzerTestOneInput(const char* data, std::size_t size) {
    const std::string_view block(data, size);
    const auto header = message::Header::parse(std::string(block));
    std::size_t end = 0;
    for (const message::Field& field : header.fields()) {
        check(field.raw.offset == end);
        end = field.raw.end();
        check(field.body.offset >= field.raw.offset && field.body.end() <= end);
        check(field.name.offset == field.raw.offset && field.name.end() <= field.body.offset + 0);
        (void)message::unfold_trimmed(header.body(field));
    }
    if (!header.defects().has(message::DefectKind::too_many_fields) &&
        !header.defects().has(message::DefectKind::header_too_long))
        check(end == header.fields_end());
    check(header.body_offset() == message::header_octets(block));
    return 0;
}
