// The reader of requests and of answers: however the octets are cut into pieces, what is read is
// the same, within its limits, and reading ends.
#include "base/check.h"
#include "system/http/reader.h"
#include "system/http/target.h"

using namespace pidge;
using namespace pidge::http;

namespace {

constexpr Limits limits{.header_octets_max = 512, .body_octets_max = 256};

struct Read {
    std::string log;  // all headers and bodies, as text, up to the first refusal
    bool is_refused = false;
};

Read read_all(Reader::Kind kind, std::string_view octets, std::size_t piece) {
    Read read;
    std::string& log = read.log;
    std::string input;
    std::size_t messages = 0;
    auto reader = std::make_unique<Reader>(kind, limits);
    while (!octets.empty() || !input.empty()) {
        const auto progress = reader->take(input);
        if (!progress) {
            check(progress.error().reply_code >= 400, "a refusal has its status");
            read.is_refused = true;
            return read;
        }
        check(input.size() <= limits.header_octets_max + piece ||
                  *progress != Reader::Progress::header_missing,
              "what waits is bounded");
        check(reader->body_octets() <= limits.body_octets_max);
        if (*progress == Reader::Progress::header_read) {
            log += reader->method() + " " + reader->target() + " " +
                   std::to_string(reader->status()) + "\n";
            for (const auto& [name, value] : reader->fields()) log += name + ": " + value + "\n";
            if (const auto target = read_target(reader->target())) {
                const auto again = read_target(write_target(target->path, target->query));
                check(again && again->path == target->path && again->query == target->query,
                      "targets read back");
            }
            continue;
        }
        if (*progress == Reader::Progress::complete) {
            log += reader->release_body() + "\n";
            if (++messages == 100) break;
            reader = std::make_unique<Reader>(kind, limits);
            if (!input.empty()) continue;
        }
        if (octets.empty()) {
            static_cast<void>(reader->end().has_value());
            break;
        }
        input += octets.substr(0, piece);
        octets.remove_prefix(std::min(piece, octets.size()));
    }
    return read;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view octets(reinterpret_cast<const char*>(data), size);
    for (const auto kind :
         {Reader::Kind::request, Reader::Kind::response, Reader::Kind::response_to_head}) {
        const Read whole = read_all(kind, octets, 100'000);
        const Read pieces = read_all(kind, octets, 1);
        // A long line between chunks is refused only while it is incomplete, so either may have
        // come further.
        check(whole.log.starts_with(pieces.log) || pieces.log.starts_with(whole.log),
              "the same in pieces");
        if (!whole.is_refused && !pieces.is_refused) check(whole.log == pieces.log, "all of it");
    }
    return 0;
}
