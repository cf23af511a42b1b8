// ReplyReader: however the octets are cut, the replies are the same, bounded and printable.
#include <cstdlib>

#include "base/text.h"
#include "protocols/smtp/limits.h"
#include "protocols/smtp/wire/reply_reader.h"

using namespace pidge;
using namespace pidge::smtp;

namespace {

void require(bool condition) {
    if (!condition) std::abort();
}

std::string read(std::string_view octets, std::size_t piece_octets) {
    ReplyReader reader;
    std::string out;
    while (!octets.empty()) {
        std::string_view piece = octets.substr(0, piece_octets);
        octets.remove_prefix(piece.size());
        while (!piece.empty()) {
            const auto status = reader.feed(piece);
            if (status == ReplyReader::Status::malformed) return out + "malformed";
            if (status == ReplyReader::Status::incomplete) break;
            const Reply reply = reader.take();
            require(reply.code >= 200 && reply.code < 600 && !reply.lines.empty());
            require(reply.lines.size() <= limits::reply_lines_max);
            for (const std::string& line : reply.lines)
                for (const char c : line) require(!text::is_control(c));
            out += reply.printable() + "\n";
            std::string again;
            append_reply(again, reply);
            require(again.size() <= reply.lines.size() * 512);
        }
    }
    return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    const std::string_view octets(reinterpret_cast<const char*>(data) + 1, size - 1);
    require(read(octets, SIZE_MAX) == read(octets, 1 + data[0]));
    return 0;
}
