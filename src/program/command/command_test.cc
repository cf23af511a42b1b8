#include <doctest/doctest.h>

#include <cstdlib>
#include <fstream>
#include <iterator>

#include "base/clock.h"
#include "program/command/call.h"
#include "program/command/manual.h"
#include "program/command/parse.h"
#include "program/command/show.h"
#include "program/command/table.h"

namespace pidge::command {
namespace {

TEST_CASE("Every verb has a summary, examples that parse, and something to run") {
    for (const Verb& verb : verbs()) {
        CAPTURE(verb.words);
        CHECK_FALSE(verb.summary.empty());
        CHECK_FALSE(verb.examples.empty());
        const bool can_run = verb.run != nullptr;
        CHECK(can_run);
        for (const Argument& argument : verb.arguments) {
            const bool is_told = argument.is_hidden || !argument.help.empty();
            CHECK(is_told);
        }
    }
}

// The words of an example as the shell would hand them over: quotes, and nothing of pipes and
// redirections.
std::vector<std::string> words_of(std::string_view example) {
    const std::size_t pipe = example.find(" | ");
    if (pipe != std::string_view::npos) example.remove_prefix(pipe + 3);
    example = example.substr(0, example.find(" > "));
    std::vector<std::string> words;
    std::string word;
    bool is_open = false, is_word = false;
    for (const char c : example) {
        if (c == '"' || c == '\'') {
            is_open = !is_open;
            is_word = true;
        } else if (c == ' ' && !is_open) {
            if (is_word) words.push_back(std::move(word));
            word.clear();
            is_word = false;
        } else {
            word += c;
            is_word = true;
        }
    }
    if (is_word) words.push_back(word);
    return {words.begin() + 1, words.end()};  // without "pidge"
}

TEST_CASE("The examples of the help are right") {
    for (const Verb& verb : verbs())
        for (const std::string_view example : verb.examples) {
            CAPTURE(example);
            const Parsed parsed = parse(words_of(example));
            CHECK_MESSAGE(parsed.verb == &verb, parsed.text);
        }
}

TEST_CASE("--help explains the commands and each of them, with its examples") {
    CHECK(parse({"--help"}).text.find("domain") != std::string::npos);
    CHECK(parse({"--help"}).code == 0);
    const std::string text = parse({"range", "add", "--help"}).text;
    CHECK(text.find("--owner") != std::string::npos);
    CHECK(text.find("pidge range add 192.0.2.0/28") != std::string::npos);
    CHECK(parse({"account", "add", "--help"}).text.find("--password ") == std::string::npos);
}

TEST_CASE("Wrong usage is exit code 2 with a word on what is wrong") {
    for (const std::vector<std::string>& words : {std::vector<std::string>{},
                                                  {"frobnicate"},
                                                  {"domain"},
                                                  {"domain", "add"},
                                                  {"domain", "add", "a.example", "b.example"},
                                                  {"range", "add", "192.0.2.0/24"},
                                                  {"queue", "list", "--colour", "red"},
                                                  {"status", "--json=maybe"}}) {
        const Parsed parsed = parse(words);
        CHECK(parsed.verb == nullptr);
        CHECK(parsed.code == 2);
        CHECK_FALSE(parsed.text.empty());
    }
}

TEST_CASE("A word that is no command is named, with the nearest that is one") {
    const auto wrong = [](std::vector<std::string> words) { return parse(std::move(words)).text; };
    CHECK(wrong({"domian"}) ==
          "There is no command \"pidge domian\". Did you mean \"domain\"? See: pidge --help");
    CHECK(wrong({"--config", "x.toml", "domian", "add", "a.example"})
              .starts_with("There is no command \"pidge domian\". Did you mean \"domain\"?"));
    CHECK(wrong({"domain", "lsit", "--json"}) ==
          "There is no command \"pidge domain lsit\". Did you mean \"list\"? See: pidge domain "
          "--help");
    CHECK(wrong({"frobnicate"}) == "There is no command \"pidge frobnicate\". See: pidge --help");
    CHECK(wrong({"--colour"}) == "There is no option --colour. See: pidge --help");
    CHECK(wrong({"domain"}) == "A subcommand is required. See: pidge domain --help");
}

TEST_CASE("--config and --json stand before or after the command") {
    for (const std::vector<std::string>& words :
         {std::vector<std::string>{"--config", "x.toml", "--json", "status"},
          {"status", "--config", "x.toml", "--json"}}) {
        const Parsed parsed = parse(words);
        REQUIRE(parsed.verb != nullptr);
        CHECK(parsed.config_path == "x.toml");
        CHECK(parsed.wants_json);
    }
    CHECK(parse({"domian", "--json"}).wants_json);
    CHECK(parse({"status"}).config_path == "/etc/pidge/pidge.toml");
}

TEST_CASE("Several values are all taken") {
    const Parsed parsed = parse({"account", "add", "a@x.example", "a@y.example", "--alias",
                                 "b@x.example", "--alias", "c@x.example", "--no-password"});
    REQUIRE(parsed.verb != nullptr);
    CHECK(parsed.given.list("ADDRESS").size() == 2);
    CHECK(parsed.given.list("--alias").size() == 2);
    CHECK(parsed.given.has("--no-password"));
    CHECK_FALSE(parsed.given.has("--login"));
}

TEST_CASE("[G12] A table aligns its columns and escapes what would steer the terminal") {
    Table table({"a", "bb"});
    table.add({"ümlaut", "x"});
    table.add({"\x1b[31mred", "y"});
    CHECK(table.text() == "a            bb\n\xc3\xbcmlaut       x\n\\x1b[31mred  y");
}

TEST_CASE("Times are typed as times or as durations") {
    const WallTime now = std::chrono::sys_days(std::chrono::year(2026) / 11 / 21);
    CHECK(*past_time("2h", now) == "2026-11-20T22:00:00Z");
    CHECK(*future_time("1 d", now) == "2026-11-22T00:00:00Z");
    CHECK(*past_time("2026-11-01", now) == "2026-11-01T00:00:00Z");
    CHECK(*past_time("2026-11-01T10:00:00Z", now) == "2026-11-01T10:00:00Z");
    CHECK_FALSE(past_time("yesterday", now));
}

// A site that is asked nothing.
class Unasked final : public client::Client {
 public:
    Result<json::Value> request(json::Value) override {
        FAIL("the site was asked");
        return json::Value();
    }
    bool is_server() const override { return true; }
};

TEST_CASE("A wrong time to wait changes nothing") {
    for (const char* words : {"node drain", "node resume"})
        for (const char* seconds : {"0", "-1", "5m", "86401", ""}) {
            CAPTURE(seconds);
            Given given;
            given.set("NAME", {"n1"});
            given.set("--wait", {});
            given.set("--timeout", {seconds});
            const Verb& verb = *find_verb(words);
            Call call(verb, std::move(given), "", false);
            call.client = std::make_unique<Unasked>();
            const auto done = verb.run(call);
            REQUIRE_FALSE(done);
            CHECK(exit_of(done.error()) == Exit::usage);
        }
}

TEST_CASE("docs/commands.md is that of the commands") {
    const std::string path = PIDGE_SOURCE_DIR "/docs/commands.md";
    if (std::getenv("PIDGE_ACCEPT") != nullptr) std::ofstream(path, std::ios::binary) << manual();
    std::ifstream in(path, std::ios::binary);
    const std::string written((std::istreambuf_iterator<char>(in)), {});
    CHECK(written == manual());
}

}  // namespace
}  // namespace pidge::command
