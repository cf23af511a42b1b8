#include "system/store/objects/reference.h"

#include "base/text.h"
#include "system/store/blob_record.h"
#include "system/store/checksum.h"
#include "system/store/octets.h"

namespace pidge::store {

namespace {

constexpr std::string_view mark = "@object";
static_assert(reference_size == mark.size() + 8);
constexpr std::size_t key_size = 1 + upload_name_size + 4;
constexpr std::size_t name_size = 2 * upload_name_size + 1 + 8;

}  // namespace

bool Reference::fits(std::string_view octets) const {
    return octets.size() == size_bytes && crc32c(octets) == checksum;
}

std::optional<Bytes> write_reference(std::string_view octets) {
    Bytes value(mark);
    append_u32(value, static_cast<std::uint32_t>(octets.size()));
    append_u32(value, crc32c(octets));
    if (read_chunk(value)) return std::nullopt;
    return value;
}

std::optional<Reference> read_reference(std::string_view value) {
    if (value.size() != reference_size || !value.starts_with(mark) || read_chunk(value))
        return std::nullopt;
    return Reference{read_u32(value.data() + mark.size()),
                     read_u32(value.data() + mark.size() + 4)};
}

std::optional<std::uint32_t> upload_chunk_number(std::string_view chunk_key) {
    if (chunk_key.size() != key_size || chunk_key.front() != 'u') return std::nullopt;
    return read_u32(chunk_key.data() + 1 + upload_name_size);
}

std::optional<std::string> object_name(std::string_view chunk_key) {
    if (!upload_chunk_number(chunk_key)) return std::nullopt;
    return text::hex(chunk_key.substr(1, upload_name_size)) + "/" +
           text::hex(chunk_key.substr(1 + upload_name_size));
}

std::optional<Bytes> chunk_key_of(std::string_view object_name) {
    if (object_name.size() != name_size || object_name[2 * upload_name_size] != '/')
        return std::nullopt;
    const auto upload = text::from_hex(object_name.substr(0, 2 * upload_name_size));
    const auto number = text::from_hex(object_name.substr(2 * upload_name_size + 1));
    if (!upload || !number) return std::nullopt;
    return "u" + *upload + *number;
}

}  // namespace pidge::store
