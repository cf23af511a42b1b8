#include "system/store/chunk_reader.h"

#include <algorithm>
#include <utility>

#include "system/store/limits.h"

namespace pidge::store {

Bytes ChunkReader::key_of(std::uint32_t number) const {
    return record_.upload.empty() ? inline_chunk_key(id_)
                                  : upload_chunk_key(record_.upload, number);
}

ChunkReader::Chunk ChunkReader::verified(std::optional<Bytes> stored, std::uint32_t number) const {
    if (!stored && !at_)
        throw Fault(Fault::Why::unavailable, "body " + id_.text() + " was dropped meanwhile");
    const auto bytes = stored ? read_chunk(*stored) : std::nullopt;
    const std::uint64_t left = record_.size_bytes - std::uint64_t{number} * limits::chunk_bytes;
    if (!bytes || bytes->size() != std::min<std::uint64_t>(left, limits::chunk_bytes))
        throw Fault(Fault::Why::damaged, "a part of body " + id_.text() + " is damaged");
    return std::make_shared<const Bytes>(*std::move(stored));
}

net::Task<ChunkReader::Chunk> ChunkReader::chunk(std::uint32_t number) {
    if (last_ && last_number_ == number) co_return last_;
    Bytes key = key_of(number);
    auto stored = table_.get(Space::chunk, key, at_.get(), Effort::at_once);
    if (stored) {
        last_ = verified(*std::move(stored), number);
    } else {
        const auto reading = pool_.start([this, key = std::move(key), number] {
            return verified(*table_.get(Space::chunk, key, at_.get(), Effort::may_wait), number);
        });
        last_ = co_await reading->wait();
    }
    last_number_ = number;
    co_return last_;
}

net::Task<Bytes> ChunkReader::read(std::uint64_t offset, std::size_t length) {
    Bytes bytes;
    if (offset >= record_.size_bytes) co_return bytes;
    length = std::min(length, limits::blob_read_bytes_max);
    const std::uint64_t end = offset + std::min<std::uint64_t>(length, record_.size_bytes - offset);
    bytes.reserve(static_cast<std::size_t>(end - offset));
    while (offset < end) {
        const auto number = static_cast<std::uint32_t>(offset / limits::chunk_bytes);
        const Chunk stored = co_await chunk(number);
        const std::string_view whole = std::string_view(*stored).substr(chunk_checksum_size);
        const auto from = static_cast<std::size_t>(offset % limits::chunk_bytes);
        const std::string_view piece = whole.substr(from, static_cast<std::size_t>(end - offset));
        bytes += piece;
        offset += piece.size();
    }
    co_return bytes;
}

}  // namespace pidge::store
