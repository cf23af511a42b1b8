// Plays tests/transcripts/*.smtp: as written, with reads of one octet, and failing at each read and
// write in turn.
#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <iterator>

#include "protocols/smtp/server/serve.h"
#include "protocols/smtp/testing/transcript.h"

using namespace pidge;
using namespace pidge::smtp;
using namespace pidge::smtp::testing;

TEST_CASE(
    "the server follows every transcript, and survives a loss of the connection at every step") {
    const std::filesystem::path folder =
        std::filesystem::path(PIDGE_SOURCE_DIR) / "tests" / "transcripts";
    int played = 0;
    for (const auto& entry : std::filesystem::directory_iterator(folder)) {
        if (entry.path().extension() != ".smtp") continue;
        std::ifstream in(entry.path(), std::ios::binary);
        const std::string file{std::istreambuf_iterator<char>(in),
                               std::istreambuf_iterator<char>()};
        INFO(entry.path().filename().string());
        const auto transcript = parse_transcript(file);
        REQUIRE_MESSAGE(transcript.has_value(), transcript.error().text);
        ++played;
        std::size_t steps = 0;
        for (const std::size_t octets : {SIZE_MAX, std::size_t{7}, std::size_t{1}}) {
            CAPTURE(octets);
            const TranscriptOutcome outcome =
                run_transcript(*transcript, serve, {.read_octets_max = octets});
            CHECK(outcome.difference == "");
            CHECK(outcome.delivered == transcript->delivered);
            CHECK(outcome.is_over);
            if (octets == SIZE_MAX) steps = outcome.steps;
        }
        for (std::size_t step = 0; step < steps; ++step) {
            CAPTURE(step);
            const TranscriptOutcome outcome =
                run_transcript(*transcript, serve, {.fails_at_step = step});
            CHECK(outcome.is_over);
            CHECK(outcome.delivered <= transcript->delivered);
        }
    }
    CHECK(played >= 10);
}

TEST_CASE("patterns of transcripts") {
    CHECK(matches("250 ok", "250 ok"));
    CHECK(matches("250 ok", "250*"));
    CHECK(matches("250 ok", "*ok"));
    CHECK(matches("250 2.0.0 accepted id1", "250 * accepted *1"));
    CHECK_FALSE(matches("250 ok", "251*"));
    CHECK_FALSE(matches("250 ok", "*no"));
    CHECK_FALSE(matches("", "a*"));
}
