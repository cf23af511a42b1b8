// Whatever octets are walked over, the fields lie within them and come to an end; written again,
// they read the same.
#include <cstdlib>
#include <vector>

#include "formats/record/record.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace pidge::record;
    const std::string_view input(reinterpret_cast<const char*>(data), size);
    Reader reader(input);
    Writer writer(reader.version());
    std::vector<Field> fields;
    while (const auto field = reader.next()) {
        if (fields.size() > size) std::abort();
        if (!field->is_bytes && field->value == 0) continue;  // takes no room when written
        if (field->is_bytes)
            writer.element(field->number, field->bytes);
        else
            writer.number(field->number, field->value);
        fields.push_back(*field);
    }
    const pidge::Bytes written = writer.take();
    Reader again(written);
    for (const Field& field : fields) {
        const auto same = again.next();
        if (!same || same->number != field.number || same->is_bytes != field.is_bytes ||
            same->value != field.value || same->bytes != field.bytes)
            std::abort();
    }
    if (again.next() || again.is_broken()) std::abort();
    if (const auto number = read_big_endian(input))
        if (big_endian(*number) != input) std::abort();
    return 0;
}
