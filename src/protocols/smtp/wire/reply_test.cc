#include "protocols/smtp/wire/reply.h"

#include <doctest/doctest.h>

#include "base/text.h"
#include "protocols/smtp/wire/reply_reader.h"

using namespace pidge;
using namespace pidge::smtp;
using Kind = Refusal::Kind;

namespace {

std::string said(const Refusal& refusal) {
    std::string out;
    append_reply(out, reply_of(refusal));
    return out;
}

}  // namespace

TEST_CASE("every refusal becomes a reply whose code and status agree") {
    CHECK(
        said({.kind = Kind::policy, .text = "Not yours", .status = {5, 7, 1}, .code = "SND-OWN"}) ==
        "550 5.7.1 [SND-OWN] Not yours\r\n");
    CHECK(
        said({.kind = Kind::policy, .text = "Slow down", .status = {4, 7, 1}, .code = "USR-FLD"}) ==
        "450 4.7.1 [USR-FLD] Slow down\r\n");
    CHECK(said({.kind = Kind::not_found, .text = "No such user"}) == "550 5.1.1 No such user\r\n");
    CHECK(said({.kind = Kind::temporary, .text = "Later"}) == "451 4.3.0 Later\r\n");
    CHECK(said({.kind = Kind::credentials, .text = "No"}) == "535 5.7.8 No\r\n");
    CHECK(said({.kind = Kind::credentials, .text = "No", .status = {4, 7, 0}}) ==
          "454 4.7.0 No\r\n");
    CHECK(said({.kind = Kind::policy, .text = "x", .status = {5, 7, 25}, .reply_code = 421}) ==
          "421 4.7.25 x\r\n");
    for (int kind = 0; kind <= static_cast<int>(Kind::temporary); ++kind)
        for (const std::uint8_t klass : {std::uint8_t{4}, std::uint8_t{5}})
            for (const int number : {0, 250, 421, 450, 550, 554}) {
                const auto code = static_cast<std::uint16_t>(number);
                const Reply reply = reply_of(
                    {.kind = static_cast<Kind>(kind), .status = {klass, 1, 2}, .reply_code = code});
                CHECK((reply.code >= 400 && reply.code < 600));
                CHECK(reply.status->klass == reply.code / 100);
                CHECK_FALSE(reply.lines.empty());
            }
}

TEST_CASE("[W10] a reply is printable, and its lines are of a lawful length, whatever the text") {
    std::string out;
    append_reply(out, 550, EnhancedStatus{5, 0, 0},
                 "a\r\nb\x1b\xff" + std::string(2000, 'x') + "\nc");
    CHECK(out.starts_with("550-5.0.0 a\\x0d\r\n550-5.0.0 b\\x1b\\xff"));
    CHECK(out.ends_with("\r\n550 5.0.0 c\r\n"));
    std::size_t line = 0;
    for (const char c : out) {
        line = c == '\n' ? 0 : line + 1;
        CHECK(line < 512);
    }
}

TEST_CASE("a reply that was written can be read") {
    std::string out;
    append_reply(out,
                 Reply{.code = 550, .status = EnhancedStatus{5, 7, 1}, .lines = {"one", "two"}});
    for (const std::size_t piece : {std::size_t{1}, std::size_t{3}, out.size()}) {
        ReplyReader reader;
        auto status = ReplyReader::Status::incomplete;
        for (std::size_t at = 0; at < out.size(); at += piece) {
            std::string_view in = std::string_view(out).substr(at, piece);
            status = reader.feed(in);
        }
        REQUIRE(status == ReplyReader::Status::reply);
        const Reply reply = reader.take();
        CHECK(reply.code == 550);
        CHECK(*reply.status == EnhancedStatus{5, 7, 1});
        CHECK(reply.lines == std::vector<std::string>{"one", "two"});
        CHECK(reader.is_between_replies());
    }
}

TEST_CASE("odd but lawful replies are read") {
    const auto read = [](std::string_view in) {
        ReplyReader reader;
        REQUIRE(reader.feed(in) == ReplyReader::Status::reply);
        return reader.take();
    };
    CHECK(read("250\r\n").code == 250);
    CHECK(read("250 \r\n").lines[0].empty());
    CHECK(read("571 x\r\n").code == 571);
    CHECK_FALSE(read("250 5.1.1 x\r\n").status.has_value());  // a status of another class is text
    CHECK_FALSE(read("550 5.1. x\r\n").status.has_value());
    CHECK_FALSE(read("550 5.01.1 x\r\n").status.has_value());
    CHECK(read("550 5.1.1\r\n").status->subject == 1);
}

TEST_CASE("two replies in one piece are read one after the other") {
    std::string_view in = "250 a\r\n354 b\r\n";
    ReplyReader reader;
    REQUIRE(reader.feed(in) == ReplyReader::Status::reply);
    CHECK(reader.take().code == 250);
    CHECK(in == "354 b\r\n");
    REQUIRE(reader.feed(in) == ReplyReader::Status::reply);
    CHECK(reader.take().code == 354);
}
