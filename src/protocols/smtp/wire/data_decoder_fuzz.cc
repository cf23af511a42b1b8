// DataDecoder: however the octets are cut, the result is the same; what the encoder makes comes
// back.
#include <cstdlib>
#include <string>

#include "protocols/smtp/wire/data_decoder.h"
#include "protocols/smtp/wire/data_encoder.h"

using namespace pidge::smtp;

namespace {

void require(bool condition) {
    if (!condition) std::abort();
}

struct Decoded {
    std::string text;
    std::size_t used = 0;
    bool is_finished = false;
    LineFault fault = LineFault::none;

    bool operator==(const Decoded&) const = default;
};

// Pieces as long as the octets of `cuts` say, over and over.
Decoded decode(std::string_view octets, std::string_view cuts) {
    DataDecoder decoder;
    Decoded out;
    for (std::size_t at = 0, turn = 0; at < octets.size() && !decoder.is_finished(); ++turn) {
        const std::size_t length =
            cuts.empty() ? octets.size() : 1 + static_cast<unsigned char>(cuts[turn % cuts.size()]);
        std::string_view piece = octets.substr(at, length);
        at += piece.size();
        while (!piece.empty() && !decoder.is_finished()) out.text += decoder.next(piece);
        out.used = at - piece.size();
    }
    out.is_finished = decoder.is_finished();
    out.fault = decoder.fault();
    return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view input(reinterpret_cast<const char*>(data), size);
    const std::string_view cuts = input.substr(0, std::min<std::size_t>(8, size)),
                           octets = input.substr(cuts.size());
    const Decoded whole = decode(octets, {});
    require(whole == decode(octets, cuts));
    const std::string before = "\r\n" + std::string(octets.substr(0, whole.used));
    require(whole.is_finished == (before.find("\r\n.\r\n") != std::string::npos));
    if (whole.is_finished) require(before.find("\r\n.\r\n") + 5 == before.size());

    LineEnds ends;
    ends.feed(octets);
    ends.finish();
    if (ends.fault() != LineFault::none) return 0;
    std::string wire;
    DataEncoder encoder;
    for (std::size_t at = 0, turn = 0; at < octets.size(); ++turn) {
        const std::string_view piece = octets.substr(
            at, cuts.empty() ? octets.size()
                             : 1 + static_cast<unsigned char>(cuts[turn % cuts.size()]));
        encoder.append(piece, wire);
        at += piece.size();
    }
    encoder.finish(wire);
    const Decoded back = decode(wire, cuts);
    require(back.is_finished && back.used == wire.size() && back.fault == LineFault::none);
    require(back.text == octets || back.text == std::string(octets) + "\r\n");
    return 0;
}
