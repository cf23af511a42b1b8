#include "formats/gzip/gzip.h"

#include <zlib.h>

#include "base/check.h"

namespace pidge::gzip {

namespace {

constexpr int gzip_window = 15 + 16;  // zlib's way to ask for the header of RFC 1952
constexpr int memory_level = 8;
constexpr std::size_t piece_octets = 16 * 1024;

// zlib counts in 32 bits, so longer input is refused by our own limits elsewhere.
void give(z_stream& stream, ByteView octets) {
    check(octets.size() <= UINT32_MAX, "an input that zlib can count");
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(octets.data()));
    stream.avail_in = static_cast<uInt>(octets.size());
}

void make_room(z_stream& stream, Bytes& out) {
    out.resize(out.size() + piece_octets);
    stream.next_out = reinterpret_cast<Bytef*>(out.data() + out.size() - piece_octets);
    stream.avail_out = piece_octets;
}

}  // namespace

Bytes compress(ByteView octets) {
    z_stream stream{};
    check(deflateInit2(&stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, gzip_window, memory_level,
                       Z_DEFAULT_STRATEGY) == Z_OK,
          "zlib begins");
    give(stream, octets);
    Bytes out;
    int result = Z_OK;
    while (result == Z_OK) {
        make_room(stream, out);
        result = deflate(&stream, Z_FINISH);
        out.resize(out.size() - stream.avail_out);
    }
    deflateEnd(&stream);
    check(result == Z_STREAM_END, "zlib ends");
    return out;
}

std::optional<Bytes> decompress(ByteView octets, std::size_t octets_max) {
    if (octets.size() > UINT32_MAX) return std::nullopt;
    z_stream stream{};
    check(inflateInit2(&stream, gzip_window) == Z_OK, "zlib begins");
    give(stream, octets);
    Bytes out;
    int result = Z_OK;
    while (result == Z_OK && out.size() <= octets_max) {
        make_room(stream, out);
        result = inflate(&stream, Z_NO_FLUSH);
        out.resize(out.size() - stream.avail_out);
    }
    const bool is_whole = result == Z_STREAM_END && stream.avail_in == 0;
    inflateEnd(&stream);
    if (!is_whole || out.size() > octets_max) return std::nullopt;
    return out;
}

}  // namespace pidge::gzip
