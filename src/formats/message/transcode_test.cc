#include "formats/message/transcode.h"

#include <doctest/doctest.h>

#include "formats/message/mime_reader.h"
#include "formats/message/verdict.h"

using namespace pidge;
using message::Structure;
using message::Target;

namespace {

Result<Bytes> transcoded(std::string_view text, Target target, std::size_t step = 7) {
    auto plan = message::plan_transcoding(message::read_structure(text), target);
    if (!plan) return refusal_of(std::move(plan));
    if (!plan->is_needed) return Bytes(text);
    message::Transcoder transcoder(*std::move(plan));
    Bytes out;
    for (std::size_t at = 0; at < text.size(); at += step)
        transcoder.feed(text.substr(at, step), out);
    transcoder.finish(out);
    return out;
}

// Types and decoded contents of the leaves.
std::string contents(std::string_view text) {
    std::string out;
    for (const auto& part : message::read_structure(text).parts)
        if (part.children.empty())
            out += part.number + " " + part.content_type.text() + "{" +
                   message::decoded(part.body.in(text), part.encoding) + "}";
    return out;
}

class Random {
 public:
    explicit Random(std::uint64_t seed) : state_(seed) {}
    std::uint32_t below(std::uint32_t n) {
        state_ = state_ * 6364136223846793005u + 1442695040888963407u;
        return static_cast<std::uint32_t>(state_ >> 33) % n;
    }

 private:
    std::uint64_t state_;
};

constexpr std::string_view crlf = "\r\n";

// A part with its header; what it holds is lawful for its label.
std::string random_part(Random& random, int depth, bool allow_binary) {
    const std::uint32_t kind = random.below(depth > 3 ? 4 : 7);
    if (kind == 5) {
        return "Content-Type: message/rfc822\r\n\r\nSubject: x\r\nMIME-Version: 1.0\r\n" +
               random_part(random, depth + 1, allow_binary);
    }
    if (kind >= 4) {
        const std::string boundary =
            "=_" + std::to_string(depth) + "." + std::to_string(random.below(1'000'000));
        std::string out = "Content-Type: multipart/mixed; boundary=\"" + boundary + "\"\r\n";
        if (random.below(2) == 0)
            out += allow_binary ? "Content-Transfer-Encoding: binary\r\n"
                                : "Content-Transfer-Encoding: 8bit\r\n";
        out += crlf;
        if (random.below(3) == 0) out += "pre\xc3\xa4mble\r\n";
        for (std::uint32_t n = 1 + random.below(3); n > 0; --n)
            out += "--" + boundary + "\r\n" + random_part(random, depth + 1, allow_binary) + "\r\n";
        return out + "--" + boundary + "--\r\n";
    }
    static constexpr std::array<std::string_view, 4> encodings = {"7bit", "8bit", "binary",
                                                                  "base64"};
    const std::uint32_t encoding = kind == 2 && !allow_binary ? 1 : kind;
    std::string body;
    for (std::uint32_t n = random.below(120); n > 0; --n) {
        if (encoding == 2)
            body += random.below(6) == 0 ? std::string("--\r\n")
                                         : std::string(1, static_cast<char>(random.below(256)));
        else if (random.below(8) == 0)
            body += crlf;
        else if (encoding == 1 && random.below(3) == 0)
            body += "\xc3\xbc";
        else
            body += static_cast<char>(32 + random.below(95));
    }
    if (encoding == 3)
        body = message::encoded(body, message::Encoding::base64, message::Encoder::Content::binary);
    const std::string type =
        random.below(2) == 0 ? "text/plain; charset=utf-8" : "application/octet-stream";
    return "Content-Type: " + type +
           "\r\nContent-Transfer-Encoding: " + std::string(encodings[encoding]) + "\r\n\r\n" + body;
}

std::string random_message(std::uint64_t seed, bool allow_binary) {
    Random random(seed);
    return "Subject: x\r\nMIME-Version: 1.0\r\n" + random_part(random, 0, allow_binary) + "\r\n";
}

bool is_canonical(std::string_view text) {
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '\0') return false;
        if (text[i] == '\r' && (i + 1 == text.size() || text[i + 1] != '\n')) return false;
        if (text[i] == '\n' && (i == 0 || text[i - 1] != '\r')) return false;
    }
    return true;
}

}  // namespace

TEST_CASE("binary parts become base64 and decode to the same octets") {
    std::size_t changed = 0;
    for (std::uint64_t seed = 1; seed <= 600; ++seed) {
        const std::string before = random_message(seed, true);
        const auto after = transcoded(before, Target::canonical, 1 + seed % 50);
        REQUIRE_MESSAGE(after, after.error().text);
        CHECK(is_canonical(*after));
        CHECK(contents(*after) == contents(before));
        const auto verdict = message::strict_verdict(message::read_structure(*after));
        CHECK_MESSAGE(verdict.conformity == message::Conformity::conform, verdict.text);
        CHECK_FALSE(message::plan_transcoding(message::read_structure(*after), Target::canonical)
                        ->is_needed);
        changed += *after != before;
    }
    CHECK(changed > 200);
}

TEST_CASE("a message for a hop without 8BITMIME has seven bits and the same content") {
    std::size_t changed = 0;
    for (std::uint64_t seed = 1; seed <= 600; ++seed) {
        const std::string before = random_message(seed, seed % 2 == 0);
        const auto after = transcoded(before, Target::seven_bit, 1 + seed % 50);
        REQUIRE_MESSAGE(after, after.error().text);
        CHECK(is_canonical(*after));
        CHECK(std::all_of(after->begin(), after->end(),
                          [](char c) { return static_cast<unsigned char>(c) < 128; }));
        CHECK(contents(*after) == contents(before));
        const Structure structure = message::read_structure(*after);
        CHECK(message::strict_verdict(structure).conformity == message::Conformity::conform);
        for (const auto& part : structure.parts)
            CHECK((part.encoding != message::Encoding::eight_bit &&
                   part.encoding != message::Encoding::binary));
        changed += *after != before;
    }
    CHECK(changed > 300);
}

TEST_CASE("a message without MIME gets the fields that say what was done") {
    const auto after = transcoded(
        "Subject: x\r\n\r\ngr\xc3\xbc\xc3\x9f"
        "e\r\n",
        Target::seven_bit);
    REQUIRE(after);
    CHECK(*after ==
          "Subject: x\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=unknown-8bit\r\n"
          "Content-Transfer-Encoding: quoted-printable\r\n\r\ngr=C3=BC=C3=9Fe\r\n");
    const std::string plain = "Subject: x\r\n\r\nplain\r\n";
    CHECK(transcoded(plain, Target::seven_bit).value_or("") == plain);
}

TEST_CASE("signed parts are left alone or refused") {
    const std::string head =
        "MIME-Version: 1.0\r\nContent-Type: multipart/signed; "
        "boundary=b\r\n\r\n--b\r\nContent-Type: text/plain\r\n"
        "Content-Transfer-Encoding: 8bit\r\n\r\n";
    const auto eight = transcoded(head + "\xc3\xbc\r\n--b--\r\n", Target::seven_bit);
    REQUIRE_FALSE(eight);
    CHECK(eight.error().status == EnhancedStatus{5, 6, 3});
    CHECK(transcoded(head + "\xc3\xbc\r\n--b--\r\n", Target::canonical));
}

TEST_CASE("the label of a multipart/signed may change, what it covers may not") {
    const std::string inside = "\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\nplain\r\n--b--\r\n";
    const std::string head =
        "MIME-Version: 1.0\r\nContent-Type: multipart/signed; boundary=b\r\n"
        "Content-Transfer-Encoding: ";
    CHECK(transcoded(head + "8bit" + inside, Target::seven_bit).value_or("") ==
          head + "7bit" + inside);
    // A preamble inside the signed part is covered too.
    const auto covered = transcoded(
        "MIME-Version: 1.0\r\nContent-Type: multipart/signed; boundary=b\r\n\r\n--b\r\n"
        "Content-Type: multipart/mixed; boundary=c\r\n\r\npre\xc3\xa4mble\r\n--c\r\n\r\n"
        "plain\r\n--c--\r\n--b--\r\n",
        Target::seven_bit);
    REQUIRE_FALSE(covered);
    CHECK(covered.error().status == EnhancedStatus{5, 6, 3});
}

TEST_CASE("an attached message is converted part by part, never as a whole") {
    const auto after = transcoded(
        "MIME-Version: 1.0\r\nContent-Type: message/rfc822\r\n"
        "Content-Transfer-Encoding: 8bit\r\n\r\n"
        "Subject: inner\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n"
        "Content-Transfer-Encoding: 8bit\r\n\r\n\xc3\xbc\r\n",
        Target::seven_bit);
    REQUIRE(after);
    CHECK(*after ==
          "MIME-Version: 1.0\r\nContent-Type: message/rfc822\r\n"
          "Content-Transfer-Encoding: 7bit\r\n\r\n"
          "Subject: inner\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n"
          "Content-Transfer-Encoding: quoted-printable\r\n\r\n=C3=BC\r\n");
}

TEST_CASE("messages and multiparts that could not be taken apart are not encoded as a whole") {
    for (const std::string type :
         {"message/delivery-status", "message/partial; id=a; number=1", "multipart/mixed"}) {
        CAPTURE(type);
        const auto after = transcoded("MIME-Version: 1.0\r\nContent-Type: " + type +
                                          "\r\nContent-Transfer-Encoding: 8bit\r\n\r\n"
                                          "x: \xc3\xbc\r\n",
                                      Target::seven_bit);
        REQUIRE_FALSE(after);
        CHECK(after.error().status == EnhancedStatus{5, 6, 3});
    }
    // RFC 6533 §6: these may be encoded.
    CHECK(
        transcoded("MIME-Version: 1.0\r\nContent-Type: message/global-delivery-status\r\n"
                   "Content-Transfer-Encoding: 8bit\r\n\r\nx: \xc3\xbc\r\n",
                   Target::seven_bit));
}

TEST_CASE("a header that is not ASCII stands in the way of seven bits only") {
    const std::string text =
        "Subject: \xc3\xbc\r\nMIME-Version: 1.0\r\nContent-Transfer-Encoding: binary\r\n\r\n"
        "plain\nlines\r\n";
    CHECK(transcoded(text, Target::canonical));
    const auto seven = transcoded("Subject: \xc3\xbc\r\n\r\nplain\r\n", Target::seven_bit);
    REQUIRE_FALSE(seven);
    CHECK(seven.error().status == EnhancedStatus{5, 6, 7});
}

TEST_CASE("what is not clear is not converted") {
    const auto refused = [](std::string_view text) {
        return transcoded(text, Target::seven_bit).error().status;
    };
    CHECK(refused("Subject: \xc3\xbc\r\n\r\n\xc3\xbc\r\n") == EnhancedStatus{5, 6, 7});
    CHECK(refused("Content-Transfer-Encoding: 8bit\r\nContent-Transfer-Encoding: "
                  "7bit\r\n\r\n\xc3\xbc\r\n") == EnhancedStatus{5, 6, 3});
    CHECK(refused("Content-Transfer-Encoding: base64\r\n\r\n\xc3\xbc\r\n") ==
          EnhancedStatus{5, 6, 3});
}
