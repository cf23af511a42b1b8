#include <doctest/doctest.h>

#include "formats/message/mime_reader.h"
#include "formats/message/verdict.h"

using namespace pidge;
using message::Conformity;

namespace {
message::Verdict judge(std::string_view text) {
    return message::strict_verdict(message::read_structure(text));
}
}  // namespace

TEST_CASE("[J11] a message conforms to MIME or does not use it") {
    CHECK(judge("Subject: x\r\n\r\nplain\r\n").conformity == Conformity::conform);
    CHECK(judge("Subject: x\r\n").conformity == Conformity::conform);
    CHECK(judge("MIME-Version: 1.0\r\nContent-Type: text/plain; "
                "charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n\xc3\xbc\r\n")
              .conformity == Conformity::conform);
    const auto eight = judge("Subject: x\r\n\r\n\xc3\xbc\r\n");
    CHECK(eight.conformity == Conformity::broken);
    CHECK(eight.text == "Part 1, octet 14: a part declared as 7bit holds octets above 127.");
    const auto version = judge("Subject: x\r\nContent-Type: text/html\r\n\r\nx\r\n");
    CHECK(version.conformity == Conformity::broken);
    CHECK(version.wants_mime_version);
    CHECK_FALSE(judge("Content-Type: text/html\r\n\r\nx\xff\r\n").wants_mime_version);
    CHECK(judge("Subject : x\r\n\r\nx\r\n").conformity == Conformity::broken);
}

TEST_CASE("[P08] two readings are ambiguous, and the gravest defect is told") {
    const auto odd = judge(
        "MIME-Version: 1.0\r\nContent-Type: multipart/mixed; "
        "boundary=b\r\n\r\n--b\r\nContent-Transfer-Encoding: "
        "base64\r\n\r\nZg==Zg==\r\n--b--\r\n");
    CHECK(odd.conformity == Conformity::ambiguous);
    CHECK(odd.number == "1");
    CHECK(odd.text == "Part 1, octet 106: base64 text is broken.");
    const auto both = judge(
        "MIME-Version: 1.0\r\nContent-Type: text/plain\r\nContent-Type: text/html\r\n"
        "Content-Transfer-Encoding: x\r\n\r\nx\r\n");
    CHECK(both.conformity == Conformity::broken);
    CHECK(both.kind == message::DefectKind::bad_encoding_value);
    CHECK(judge("Subject: x\r\n\r\na\nb\r\n").conformity == Conformity::ambiguous);
}

TEST_CASE("what is wrong inside an attached message is its own affair") {
    const std::string head = "MIME-Version: 1.0\r\nContent-Type: message/rfc822\r\n\r\n";
    CHECK(judge(head + "bad line\r\nContent-Type: x\r\n\r\nx\r\n").conformity ==
          Conformity::conform);
    CHECK(judge(head + "Subject: x\r\n\r\na\rb\r\n").conformity == Conformity::ambiguous);
}
