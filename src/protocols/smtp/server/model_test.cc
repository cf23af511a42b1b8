// Random sequences of commands against a model of what they may do (attacks.md F05).
#include <doctest/doctest.h>

#include <cstdlib>
#include <random>

#include "base/text.h"
#include "protocols/smtp/server/serve.h"
#include "protocols/smtp/testing/play.h"
#include "system/net/spawn.h"

using namespace pidge;
using namespace pidge::smtp;
using namespace pidge::smtp::testing;

namespace {

#if defined(__OPTIMIZE__) && !__has_feature(address_sanitizer) && !__has_feature(thread_sanitizer)
constexpr int default_sequences = 1'000'000;
#elif __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
constexpr int default_sequences = 10'000;
#else
constexpr int default_sequences = 30'000;
#endif

enum class Act {
    ehlo,
    helo,
    bad_ehlo,
    mail,
    forged,
    bad_mail,
    rcpt,
    relay,
    unknown,
    bad_rcpt,
    data,
    bad_data,
    chunk,
    last,
    bad_chunk,
    rset,
    noop,
    vrfy,
    junk,
    auth,
    starttls,
    count
};

// What the server ought to be, told a second time.
struct Model {
    enum class Hello { none, helo, ehlo } hello = Hello::none;
    enum class Stage { none, open, chunks } stage = Stage::none;
    int recipients = 0, errors = 0, guesses = 0, messages = 0;
    bool is_closed = false;
    std::string codes = "220", input;
    std::vector<std::size_t> stops;

    void say(std::string_view text) { input += text, stops.push_back(input.size()); }
    void expect(int code) { codes += ' ' + std::to_string(code); }
    void reset() { stage = Stage::none, recipients = 0; }
    void fail(int code) {
        expect(code);
        if (++errors == 20) expect(421), is_closed = true;
    }
    void finish(bool is_good) {
        expect(is_good ? 250 : 550);
        if (is_good) ++messages, errors = 0;
        reset();
    }

    void mail(std::string_view line, int code) {
        say(line);
        if (hello == Hello::none) return fail(503);
        if (stage != Stage::none) return reset(), fail(503);
        if (code == 501) return fail(501);
        expect(code);
        if (code == 250) stage = Stage::open;
    }
    void rcpt(std::string_view line, int code) {
        say(line);
        if (stage != Stage::open) return fail(503);
        if (code == 501) return fail(501);
        if (line.find("unknown") != std::string_view::npos && ++guesses == 10)
            return expect(421), void(is_closed = true);
        expect(code);
        if (code == 250) ++recipients;
    }
    void data(std::string_view body, bool is_good) {
        say("DATA\r\n");
        if (stage == Stage::none) return fail(503);
        if (stage == Stage::chunks || recipients == 0) {
            const int code = stage == Stage::chunks ? 503 : 554;
            return reset(), fail(code);
        }
        expect(354);
        say(body);
        finish(is_good);
    }
    void bdat(std::string_view payload, bool is_good, bool is_last) {
        say("BDAT " + std::to_string(payload.size()) + (is_last ? " LAST\r\n" : "\r\n") +
            std::string(payload));
        if (hello != Hello::ehlo || stage == Stage::none) return reset(), fail(503);
        if (recipients == 0) return reset(), fail(554);
        if (is_last || !is_good) return finish(is_good);
        expect(250);
        stage = Stage::chunks;
    }
    void greet(std::string_view line, Hello as) { say(line), reset(), expect(250), hello = as; }
    void step(Act act) {
        switch (act) {
            case Act::ehlo:
                return greet("EHLO x\r\n", Hello::ehlo);
            case Act::helo:
                return greet("HELO x\r\n", Hello::helo);
            case Act::bad_ehlo:
                return say("EHLO\r\n"), fail(501);
            case Act::mail:
                return mail("MAIL FROM:<a@x.example>\r\n", 250);
            case Act::forged:
                return mail("MAIL FROM:<forged@x.example>\r\n", 553);
            case Act::bad_mail:
                return mail("MAIL FROM:<a\r\n", 501);
            case Act::rcpt:
                return rcpt("RCPT TO:<b@x.example>\r\n", 250);
            case Act::relay:
                return rcpt("RCPT TO:<relay@x.example>\r\n", 550);
            case Act::unknown:
                return rcpt("RCPT TO:<unknown@x.example>\r\n", 550);
            case Act::bad_rcpt:
                return rcpt("RCPT TO:b\r\n", 501);
            case Act::data:
                return data("text\r\n.\r\n", true);
            case Act::bad_data:
                return data("a\n.\nMAIL FROM:<c@x.example>\r\n.\r\n", false);
            case Act::chunk:
                return bdat("RSET\r\n", true, false);
            case Act::last:
                return bdat("QUIT\r\n", true, true);
            case Act::bad_chunk:
                return bdat("RS\nET", false, false);
            case Act::rset:
                return say("RSET\r\n"), reset(), expect(250);
            case Act::noop:
                return say("NOOP\r\n"), expect(250);
            case Act::vrfy:
                return say("VRFY b\r\n"), expect(252);
            case Act::junk:
                return say("JUNK\r\n"), fail(500);
            case Act::auth:
                return say("AUTH PLAIN AAAA\r\n"), fail(538);
            case Act::starttls:
                say("STARTTLS\r\n");
                return fail(hello == Hello::none || stage != Stage::none ? 503 : 502);
            case Act::count:
                return;
        }
    }
};

net::Task<void> compare(int sequences, std::uint64_t seed, int& messages, std::string& difference) {
    const ServerOptions options = test_options();
    std::mt19937_64 random(seed);
    for (int i = 0; i < sequences && difference.empty(); ++i) {
        Model model;
        const auto length = static_cast<int>(random() % 24);
        // Half of the sequences begin well, so that they get far.
        if (random() % 2 == 0)
            for (const Act act : {Act::ehlo, Act::mail, Act::rcpt}) model.step(act);
        for (int k = 0; k < length && !model.is_closed; ++k)
            model.step(static_cast<Act>(random() % static_cast<std::uint64_t>(Act::count)));
        FakeBackend backend;
        std::string output;
        auto stream = std::make_unique<ScriptedStream>(model.input, SIZE_MAX, output);
        stream->hides_input = true;
        stream->stops = model.stops;
        co_await serve(std::move(stream), backend, options);
        const bool is_equal = codes(output) == model.codes &&
                              backend.messages.size() == static_cast<std::size_t>(model.messages);
        if (!is_equal)
            difference = model.input + "\nexpected " + model.codes + "\nbut got  " + codes(output);
        messages += model.messages;
    }
}

}  // namespace

TEST_CASE("[F05] random sequences of commands do what the model does") {
    const char* const wanted = std::getenv("PIDGE_MODEL_SEQUENCES");
    const int sequences = wanted != nullptr ? static_cast<int>(text::parse_u64(wanted).value_or(0))
                                            : default_sequences;
    constexpr int shards = 4;
    int messages = 0;
    for (int shard = 0; shard < shards; ++shard) {
        std::string difference;
        net::run(compare(sequences / shards, static_cast<std::uint64_t>(shard) + 1, messages,
                         difference));
        INFO(difference);
        CHECK(difference.empty());
    }
    CHECK(messages > sequences / 20);  // they did get far
}
